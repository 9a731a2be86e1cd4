// SPDX-License-Identifier: MIT
import { expect, onTestFinished, test, vi } from 'vitest';
import { bytes, duration, localDay, money, relative, shortId, tokens } from './format';

test.each([
  [{ amount: '0.0132', currency: 'USD' }, '$0.0132'],
  [{ amount: '0.00001234567', currency: 'USD' }, '$0.00001235'],
  [{ amount: '12.5', currency: 'USD' }, '$12.50'],
  [{ amount: '1234.567', currency: 'USD' }, '$1,235'],
  [{ amount: '0', currency: 'USD' }, '$0'],
  [null, 'unpriced'],
])('money %j is %s', (value, text) => expect(money(value)).toBe(text));

test.each([
  [999, '999'],
  [12_400, '12.4k'],
  [999_400, '999k'],
  [1_000_000, '1M'],
])('%d tokens are %s', (value, text) => expect(tokens(value)).toBe(text));

test.each([
  [0.5, '500 µs'],
  [850, '850 ms'],
  [1500, '1.5 s'],
  [61_000, '1 min 1 s'],
  [43_200_000, '12 h 0 min'],
])('%d ms are %s', (value, text) => expect(duration(value)).toBe(text));

test('bytes', () =>
  expect([bytes(12), bytes(1536), bytes(5 * 2 ** 30)]).toEqual(['12 B', '1.5 KiB', '5.0 GiB']));

test('relative times', () => {
  const now = Date.parse('2026-01-02T00:00:00Z');
  expect(relative('2026-01-01T23:59:50Z', now)).toBe('just now');
  expect(relative('2026-01-01T23:00:00Z', now)).toBe('1 h ago');
  expect(relative('2026-01-02T00:10:00Z', now)).toBe('in 10 min');
});

test('ids keep what tells them apart', () =>
  expect(shortId('ses_01J9ZD3V3N8J4Q6R2S7T0W5X1Y')).toBe('ses_…0W5X1Y'));

test.each([
  ['Europe/Berlin', '2026-11-23'],
  ['America/New_York', '2026-11-22'],
])('a day is the one of %s', (zone, day) => {
  vi.stubEnv('TZ', zone);
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(localDay(new Date('2026-11-22T23:30:00Z'))).toBe(day);
});
