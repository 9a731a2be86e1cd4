// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { lineDiff, mergeLines } from './line-diff';

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

test.each([
  ['what each side changed alone', 'a\nb\nc\nd', 'A\nb\nc\nd', 'a\nb\nc\nD', 'A\nb\nc\nD'],
  ['what both changed alike', 'a\nb', 'x\nb', 'x\nb', 'x\nb'],
  ['lines that one removed and the other added', 'a\nb\nc\nd', 'a\nc\nd', 'a\nb\nc\nd\ne', 'a\nc\nd\ne'],
  ['the same line', 'a\nb', 'x\nb', 'y\nb', null],
  ['neighbours', 'a\nb', 'x\nb', 'a\ny', null],
])('both sides in one text: %s', (_, base, mine, theirs, both) =>
  expect(mergeLines(base, mine, theirs)).toBe(both),
);
