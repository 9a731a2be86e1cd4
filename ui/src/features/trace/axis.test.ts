// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { Axis, buildAxis, ticks, tickText } from './axis';
import { buildRows } from './model';
import { span } from './testing';
import { fitAll, fitTo, isWhole, pan, zoom } from './view';

const kHours = 12 * 3_600_000;
const kNone = new Set<number>();

// A second of work, twelve hours of waiting for a person, a second of work.
const night = () =>
  buildRows([
    span('a', { kind: 'turn', took: kHours + 2000 }),
    span('m', { parent: 'a', kind: 'model', took: 1000 }),
    span('w', { parent: 'a', kind: 'approval', from: 1000, took: kHours }),
    span('n', { parent: 'a', kind: 'model', from: kHours + 1000, took: 1000 }),
  ]);

test('a night of waiting takes a part of what the work takes', () => {
  const rows = night();
  const axis = buildAxis(rows, rows.end, kNone, false);
  expect(axis.gaps()).toHaveLength(1);
  expect(axis.length).toBeLessThan(2000 * 1.5);
  for (const ms of [0, 500, 1000, kHours / 2, kHours + 1500, kHours + 2000])
    expect(axis.time(axis.place(ms))).toBeCloseTo(ms, 3);
  expect(axis.place(kHours + 2000)).toBe(axis.length);
});

test('a gap can be opened, and all of them at once', () => {
  const rows = night();
  expect(buildAxis(rows, rows.end, new Set([1000]), false).length).toBe(rows.end);
  expect(buildAxis(rows, rows.end, kNone, true).gaps()).toEqual([]);
});

test('without work nothing is shortened', () => {
  const rows = buildRows([
    span('a', { kind: 'turn', took: 5000 }),
    span('q', { parent: 'a', kind: 'queue', took: 5000 }),
  ]);
  expect(buildAxis(rows, rows.end, kNone, false).length).toBe(5000);
});

test('thousands of gaps together stay small', () => {
  const spans = Array.from({ length: 2000 }, (_, i) =>
    span(`s${i}`, { kind: 'model', from: i * 60_000, took: 1000 }),
  );
  const rows = buildRows(spans);
  expect(buildAxis(rows, rows.end, kNone, false).length).toBeLessThan(2_000_000 * 1.5);
});

test('marks are apart as wanted, none within a gap, at the scale of hours too', () => {
  const rows = night();
  const axis = buildAxis(rows, rows.end, kNone, false);
  const short = ticks(axis, 0, axis.length, 200);
  expect(short.length).toBeGreaterThan(4);
  expect(short.every((at) => at <= 1000 || at >= kHours)).toBe(true);
  const whole = new Axis([{ from: 0, to: kHours, place: 0, width: kHours, isGap: false }]);
  const long = ticks(whole, 0, kHours, kHours / 8);
  expect(long.map((at) => tickText(at, 7_200_000))).toEqual([
    '0',
    '2:00:00',
    '4:00:00',
    '6:00:00',
    '8:00:00',
    '10:00:00',
    '12:00:00',
  ]);
});

test.each([
  [0, 1, '0'],
  [0.25, 0.05, '0.25 ms'],
  [250, 50, '250 ms'],
  [1500, 500, '1.5 s'],
  [125_000, 5000, '2:05'],
  [12_000_000, 600_000, '3:20:00'],
])('%d ms by %d reads %s', (ms, step, text) => expect(tickText(ms, step)).toBe(text));

test('zooming keeps the place under the pointer, moving stops at the ends', () => {
  const axis = new Axis([{ from: 0, to: 1000, place: 0, width: 1000, isGap: false }]);
  const near = zoom(axis, fitAll(axis), 0.5, 0.25);
  expect(near).toEqual({ from: 125, to: 625 });
  expect(pan(axis, near, 10)).toEqual({ from: 500, to: 1000 });
  expect(isWhole(axis, zoom(axis, near, 100))).toBe(true);
  expect(fitTo(axis, 100, 200)).toEqual({ from: 95, to: 205 });
});
