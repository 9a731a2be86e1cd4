// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { lineDiff } from './line-diff';

const text = (before: string, after: string) => lineDiff(before, after).map((line) => line.kind + line.text);

test('a changed line goes and comes', () =>
  expect(text('a\nb\nc', 'a\nx\nc')).toEqual([' a', '-b', '+x', ' c']));
test('what is the same stays', () => expect(text('a\nb', 'a\nb')).toEqual([' a', ' b']));
test('both sides come back out of it', () => {
  const before = 'one\ntwo\nthree\nfour';
  const after = 'two\nnew\nfour\nfive';
  const lines = lineDiff(before, after);
  expect(
    lines
      .filter((line) => line.kind !== '+')
      .map((line) => line.text)
      .join('\n'),
  ).toBe(before);
  expect(
    lines
      .filter((line) => line.kind !== '-')
      .map((line) => line.text)
      .join('\n'),
  ).toBe(after);
});
