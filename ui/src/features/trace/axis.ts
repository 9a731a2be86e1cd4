// SPDX-License-Identifier: MIT
// From time to place: stretches in which nothing works are shortened, unless they are asked for in full. Pure.
import { isWork, type Rows } from './model';

// `from` and `to` in milliseconds; `place` and `width` in units of the axis, which are milliseconds where nothing is shortened.
export type Piece = { from: number; to: number; place: number; width: number; isGap: boolean };

// All gaps together take no more than this part of what the work takes.
const kGapShare = 0.35;
// A gap that is not many times longer than its share stays as it is: breaking the axis costs more than it saves.
const kWorthwhile = 1.5;
const kLeastGapMs = 20;

// The stretches of work, joined, in order.
function busy(rows: Rows, end: number): [from: number, to: number][] {
  const work: number[] = [];
  for (let i = 0; i < rows.count; i += 1) if (isWork(rows, i)) work.push(i);
  work.sort((a, b) => (rows.start[a] ?? 0) - (rows.start[b] ?? 0));
  const out: [number, number][] = [];
  for (const i of work) {
    const from = rows.start[i] ?? 0;
    const to = Math.min(end, rows.stop[i] ?? 0);
    const last = out.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else out.push([from, to]);
  }
  return out;
}

// The greatest length that a gap may have so that all together fit into `room`.
function longestGap(gaps: number[], room: number): number {
  const sorted = [...gaps].sort((a, b) => a - b);
  let left = room;
  for (let i = 0; i < sorted.length; i += 1) {
    const share = left / (sorted.length - i);
    const gap = sorted[i] ?? 0;
    if (gap > share) return share;
    left -= gap;
  }
  return Number.POSITIVE_INFINITY;
}

export class Axis {
  readonly pieces: Piece[];
  readonly length: number;
  readonly end: number;

  constructor(pieces: Piece[]) {
    const last = pieces.at(-1);
    this.pieces = pieces;
    this.length = Math.max(last ? last.place + last.width : 0, 1e-3);
    this.end = last?.to ?? 0;
  }

  #find(value: number, key: 'from' | 'place'): Piece | undefined {
    let low = 0;
    let high = this.pieces.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.pieces[middle]?.[key] ?? 0) <= value) low = middle;
      else high = middle - 1;
    }
    return this.pieces[low];
  }

  place(ms: number): number {
    if (ms >= this.end) return this.length;
    if (ms <= 0) return 0;
    const piece = this.#find(ms, 'from');
    if (!piece) return 0;
    return piece.place + ((ms - piece.from) / Math.max(piece.to - piece.from, 1e-9)) * piece.width;
  }

  time(place: number): number {
    if (place <= 0) return 0;
    if (place >= this.length) return this.end;
    const piece = this.#find(place, 'place');
    if (!piece) return 0;
    return piece.from + ((place - piece.place) / Math.max(piece.width, 1e-9)) * (piece.to - piece.from);
  }

  gaps(): Piece[] {
    return this.pieces.filter((piece) => piece.isGap);
  }
}

// `opened` names gaps by their start: those stay as long as they are. `inFull`: nothing is shortened.
export function buildAxis(rows: Rows, end: number, opened: ReadonlySet<number>, inFull: boolean): Axis {
  const whole = new Axis([{ from: 0, to: end, place: 0, width: end, isGap: false }]);
  if (inFull || end <= 0) return whole;
  const work = busy(rows, end);
  const gaps: [number, number][] = [];
  let at = 0;
  let worked = 0;
  for (const [from, to] of [...work, [end, end] as [number, number]]) {
    if (from > at) gaps.push([at, from]);
    worked += to - from;
    at = Math.max(at, to);
  }
  if (worked <= 0) return whole;
  const cap = longestGap(
    gaps.map(([from, to]) => to - from),
    worked * kGapShare,
  );
  const pieces: Piece[] = [];
  let place = 0;
  let done = 0;
  const push = (from: number, to: number, width: number, isGap: boolean) => {
    pieces.push({ from, to, place, width, isGap });
    place += width;
    done = to;
  };
  for (const [from, to] of gaps) {
    const length = to - from;
    if (length <= Math.max(cap * kWorthwhile, kLeastGapMs) || opened.has(from)) continue;
    if (from > done) push(done, from, from - done, false);
    push(from, to, cap, true);
  }
  if (end > done || pieces.length === 0) push(done, end, end - done, false);
  return new Axis(pieces);
}

const kSteps = [1, 2, 5];
const kLongStepsMs = [
  60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 7_200_000, 10_800_000, 21_600_000, 43_200_000,
  86_400_000,
];

export function tickStep(msPerTick: number): number {
  if (msPerTick >= 30_000) return kLongStepsMs.find((step) => step >= msPerTick) ?? msPerTick;
  const power = 10 ** Math.floor(Math.log10(Math.max(msPerTick, 1e-6)));
  const step = (kSteps.find((one) => one * power >= msPerTick) ?? 10) * power;
  return step > 10_000 ? (step > 15_000 ? 30_000 : 15_000) : step;
}

// Marks for the stretch of the axis in view, about `every` units apart; none within a gap.
export function ticks(axis: Axis, from: number, to: number, every: number): number[] {
  const out: number[] = [];
  for (const piece of axis.pieces) {
    const begin = Math.max(piece.place, from);
    const finish = Math.min(piece.place + piece.width, to);
    if (piece.isGap || finish <= begin) continue;
    const step = tickStep(every);
    const first = Math.ceil((piece.from + (begin - piece.place)) / step) * step;
    for (let at = first; at <= piece.from + (finish - piece.place); at += step) {
      out.push(at);
      if (out.length > 200) return out;
    }
  }
  return out;
}

// Since the start, as short as it can be said at this step: '0', '250 ms', '1.5 s', '2:05', '3:20:00'.
export function tickText(ms: number, step: number): string {
  if (ms === 0) return '0';
  if (step < 1) return `${Number(ms.toFixed(3))} ms`;
  if (ms < 1000 && step < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${Number(seconds.toFixed(step < 1000 ? 3 : 0))} s`;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = seconds % 60;
  const tail = step < 1000 ? rest.toFixed(3).padStart(6, '0') : String(Math.round(rest)).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${tail}` : `${minutes}:${tail}`;
}
