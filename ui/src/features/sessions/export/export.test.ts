// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { crc32, zip } from './zip';

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
