// SPDX-License-Identifier: MIT
import { expect, test, vi } from 'vitest';
import { daemonNow, hearDate } from './daemon-clock';

const kNow = Date.parse('2026-11-22T10:00:00.250Z');
const dateAt = (ms: number) => new Date(ms).toUTCString();

test('the time of the daemon follows what it says, and stays where that says nothing else', () => {
  vi.spyOn(Date, 'now').mockReturnValue(kNow);
  expect(daemonNow()).toBe(kNow);
  // Its second began before: no difference is known.
  hearDate(dateAt(kNow), kNow - 20, kNow);
  expect(daemonNow()).toBe(kNow);
  // Five minutes behind, to half a second.
  hearDate(dateAt(kNow - 300_000), kNow - 20, kNow);
  expect(Math.abs(daemonNow() - (kNow - 300_000))).toBeLessThan(600);
  const told = daemonNow();
  // An answer that took long fits many a time; one without a time says nothing, nor does a clock that was set meanwhile.
  hearDate(dateAt(kNow - 315_000), kNow - 30_000, kNow);
  hearDate(null, kNow - 20, kNow);
  hearDate('yesterday', kNow - 20, kNow);
  hearDate(dateAt(kNow), kNow, kNow - 60_000);
  expect(daemonNow()).toBe(told);
  // One of the two was set right.
  hearDate(dateAt(kNow), kNow - 20, kNow);
  expect(Math.abs(daemonNow() - kNow)).toBeLessThan(600);
});
