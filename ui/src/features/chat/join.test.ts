// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { type Joined, joinPiece, joinWhole, kNothing } from './join';

const kText = 'Grüße, 世界! 👍 done.';
const kBytes = new TextEncoder().encode(kText);

// The text in pieces of whole characters, with their offsets.
function pieces(): [offset: number, text: string][] {
  let offset = 0;
  return [...kText].map((character) => {
    const piece: [number, string] = [offset, character];
    offset += new TextEncoder().encode(character).length;
    return piece;
  });
}

const feed = (list: [number, string][], start: Joined = kNothing) =>
  list.reduce((joined, [offset, text]) => joinPiece(joined, offset, text).joined, start);

test('pieces in order, doubled and overlapping', () => {
  const all = pieces();
  expect(feed(all).text).toBe(kText);
  expect(feed(all.flatMap((piece) => [piece, piece])).text).toBe(kText);
  expect(feed([...all.slice(0, 8), [0, kText]]).text).toBe(kText);
  expect(feed(all).bytes).toBe(kBytes.length);
});

test('any order gives the same text', () => expect(feed(pieces().reverse()).text).toBe(kText));

test('a gap is filled by the whole', () => {
  const all = pieces();
  const before = feed(all.slice(0, 3));
  const { joined, missing } = joinPiece(before, all[9]?.[0] ?? 0, all[9]?.[1] ?? '');
  expect(missing).toBe(true);
  expect(joined.text).toBe(before.text);
  const whole = joinWhole(joined, [...kText].slice(0, 9).join(''));
  expect(whole.text).toBe([...kText].slice(0, 10).join(''));
  expect(feed(all.slice(5), whole).text).toBe(kText);
});

test('an older whole takes nothing away', () => expect(joinWhole(feed(pieces()), 'Grüße').text).toBe(kText));
