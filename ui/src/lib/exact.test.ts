// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { exactPieces } from './exact';

const shown = (text: string) =>
  exactPieces(text)
    .map((piece) => (piece.hidden ? `[${piece.text}]` : piece.text))
    .join('');

test.each([
  ['rm -rf build\u202e gpj.exe', 'rm -rf build[\\u{202e}] gpj.exe'],
  ['a\u200bb\ufeffc', 'a[\\u{200b}]b[\\u{feff}]c'],
  ['\u001b[2K ls\rrm', '[\\x1b][2K ls[\\x0d]rm'],
  ['blank\u00a0none\u3164', 'blank[\\u{a0}]none[\\u{3164}]'],
  ['plain\n\ttext äöü 中文 👍', 'plain\n\ttext äöü 中文 👍'],
])('%j is shown as %j', (text, expected) => expect(shown(text)).toBe(expected));

test('marks stacked on marks are shown from the seventh on', () =>
  expect(exactPieces(`Z${'\u0335'.repeat(9)}`).filter((piece) => piece.hidden)).toHaveLength(3));
