// SPDX-License-Identifier: MIT
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { addMessages } from '@/i18n';
import { auditQuery, countFilters } from './filters';
import { lineOf } from './line';
import { readNote, rootOf, sidesOf } from './merkle';
import { auditMessages } from './messages';
import { type Entry, readKept } from './queries';

const kNow = Date.parse('2026-01-08T12:00:30Z');

test('the address becomes the daemon’s query', () => {
  expect(
    auditQuery({ actor: 'cli', action: 'tool.*', object: 'fs.write', outcome: 'bad', since: '1d' }, kNow),
  ).toEqual({
    surface: 'cli',
    action: 'tool.*',
    tool: 'fs.write',
    success: false,
    after: '2026-01-07T12:00:00.000Z',
  });
  expect(auditQuery({ from: '2026-01-01T00:00:00Z', to: 'never' }, kNow)).toEqual({
    after: '2026-01-01T00:00:00.000Z',
  });
  expect(countFilters({ from: 'a', to: 'b', actor: 'cli', entry: '3' })).toBe(2);
});

// The tree as RFC 6962 defines it, recursively: another way to the same root.
const sha = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
const node = (left: Buffer, right: Buffer) => sha(Buffer.from([1]), left, right);
const split = (n: number) => 2 ** Math.ceil(Math.log2(n) - 1);
const root = (leaves: Buffer[]): Buffer =>
  leaves.length === 1
    ? (leaves[0] as Buffer)
    : node(root(leaves.slice(0, split(leaves.length))), root(leaves.slice(split(leaves.length))));
function path(m: number, leaves: Buffer[]): Buffer[] {
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  return m < k
    ? [...path(m, leaves.slice(0, k)), root(leaves.slice(k))]
    : [...path(m - k, leaves.slice(k)), root(leaves.slice(0, k))];
}

test.each([1, 2, 3, 5, 8, 13])(
  'every entry of a tree of %d leads to its root, and to no other',
  async (size) => {
    const leaves = Array.from({ length: size }, (_, i) => sha(Buffer.from([0, i])));
    const wanted = root(leaves).toString('hex');
    for (let i = 0; i < size; i += 1) {
      const hashes = path(i, leaves).map((hash) => hash.toString('hex'));
      const steps = sidesOf(i + 1, size, hashes);
      expect(steps).not.toBeNull();
      expect(await rootOf((leaves[i] as Buffer).toString('hex'), steps ?? [])).toBe(wanted);
      expect(await rootOf('00'.repeat(32), steps ?? [])).not.toBe(wanted);
      expect(sidesOf(i + 1, size, [...hashes, 'ab'])).toBeNull();
    }
  },
);

test('a note names its size and root', () => {
  expect(readNote('origin\n3\nqqo=\n\n— origin sig\n')).toEqual({ origin: 'origin', size: 3, root: 'aaaa' });
  expect(readNote('origin\nmany\nqqo=\n')).toBeNull();
});

test('kept checkpoints are one note, or lines of them', () => {
  expect(readKept('origin\n3\nqqo=\n\n— origin sig\n')).toHaveLength(1);
  expect(readKept('{"note":"a"}\n{"note":"b"}\n')).toEqual(['a', 'b']);
  expect(readKept('{"note":"a"}\nnonsense')).toBeNull();
  expect(readKept('a picture')).toBeNull();
});

addMessages(auditMessages);
test.each([
  [{ detail: { rule: 'x' }, personal: { rendering: 'fs.read a' } }, 'fs.read a'],
  [{ detail: { bytes: 39, ok: true, result_hash: 'ab' }, personal: null }, '39 B of result'],
  [
    {
      detail: { approval_id: 'apr_1', grant: 'fs.edit(path: "a")', plan: false, scope: 'session' },
      personal: null,
    },
    'grant fs.edit(path: "a") · scope session',
  ],
  [{ detail: {}, personal: null }, ''],
])('an entry in one line: %j', (entry, line) => expect(lineOf(entry as unknown as Entry)).toBe(line));
