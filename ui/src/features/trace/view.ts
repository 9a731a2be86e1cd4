// SPDX-License-Identifier: MIT
// Which stretch of the axis is in sight: pure steps from one view to the next. Times are milliseconds since the trace began.
import type { Axis } from './axis';

export type View = { from: number; to: number };

const kLeastPlaces = 1e-3;
const kMargin = 0.05;

export const fitAll = (axis: Axis): View => ({ from: 0, to: axis.end });

function clamp(axis: Axis, from: number, to: number): View {
  const width = Math.min(Math.max(to - from, kLeastPlaces), axis.length);
  const begin = Math.max(0, Math.min(from, axis.length - width));
  return { from: axis.time(begin), to: axis.time(begin + width) };
}

// `share` is the place that stays where it is, 0 the left edge, 1 the right.
export function zoom(axis: Axis, view: View, factor: number, share = 0.5): View {
  const from = axis.place(view.from);
  const width = axis.place(view.to) - from;
  const next = width * factor;
  const begin = from + (width - next) * share;
  return clamp(axis, begin, begin + next);
}

export function pan(axis: Axis, view: View, share: number): View {
  const from = axis.place(view.from);
  const width = axis.place(view.to) - from;
  return clamp(axis, from + width * share, from + width * (1 + share));
}

// A stretch with a little air on both sides.
export function fitTo(axis: Axis, from: number, to: number): View {
  const begin = axis.place(from);
  const width = Math.max(axis.place(to) - begin, axis.length * 1e-6);
  return clamp(axis, begin - width * kMargin, begin + width * (1 + kMargin));
}

export function isWhole(axis: Axis, view: View): boolean {
  return axis.place(view.from) <= axis.length * 1e-6 && axis.place(view.to) >= axis.length * (1 - 1e-6);
}

// The same view moved so that a moment is in sight.
export function reveal(axis: Axis, view: View, from: number, to: number): View {
  if (to >= view.from && from <= view.to) return view;
  const width = axis.place(view.to) - axis.place(view.from);
  const begin = axis.place(from) - width * 0.2;
  return clamp(axis, begin, begin + width);
}
