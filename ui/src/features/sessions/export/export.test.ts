// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { addRemoved, nothingRemoved, removedFrom } from './removed';
import { crc32, zip } from './zip';

const pairs = (whole: string, redacted: string) =>
  removedFrom(whole, redacted).map(({ removed, put }) => [removed, put]);

test('what lies between the literals was taken out', () => {
  expect(
    pairs('mail anna@example.org or call +49 170 1234567.', 'mail [email-1] or call [phone-1].'),
  ).toEqual([
    ['anna@example.org', '[email-1]'],
    ['+49 170 1234567', '[phone-1]'],
  ]);
});

test('at both ends, alone, and again', () => {
  expect(pairs('a@b.org', '[email-1]')).toEqual([['a@b.org', '[email-1]']]);
  expect(pairs('a@b.org and a@b.org', '[email-1] and [email-1]')).toEqual([
    ['a@b.org', '[email-1]'],
    ['a@b.org', '[email-1]'],
  ]);
});

test('a placeholder that a person typed is no change', () => {
  expect(pairs('put [email-1] here: x@y.org', 'put [email-1] here: [email-2]')).toEqual([
    ['x@y.org', '[email-2]'],
  ]);
});

test('counts are the manifest’s, places are counted by detector, with where they are', () => {
  const sum = nothingRemoved();
  addRemoved(
    sum,
    { messages: [{ parts: [{ text: 'a@b.org, a@b.org' }] }] },
    { messages: [{ parts: [{ text: '[email-1], [email-1]' }] }] },
    { email: 1 },
    '',
  );
  expect(sum.values).toEqual({ email: 1 });
  expect(sum.places).toEqual({ email: 2 });
  expect(sum.shown[0]?.where).toBe('messages[0].parts[0].text');
});

test('a zip says where each file is, and holds its bytes as they are', () => {
  const bytes = new TextEncoder().encode('123456789');
  expect(crc32(bytes)).toBe(0xcbf43926);
  const whole = new Uint8Array(
    zip([{ name: 'a.txt', bytes }], new Date(2026, 0, 2)).flatMap((part) => [...part]),
  );
  const view = new DataView(whole.buffer);
  expect(view.getUint32(0, true)).toBe(0x04034b50);
  expect(new TextDecoder().decode(whole.slice(30, 35))).toBe('a.txt');
  expect([...whole.slice(35, 44)]).toEqual([...bytes]);
  const end = whole.length - 22;
  expect(view.getUint32(end, true)).toBe(0x06054b50);
  expect(view.getUint32(view.getUint32(end + 16, true), true)).toBe(0x02014b50);
});
