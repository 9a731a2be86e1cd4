// SPDX-License-Identifier: MIT
// The whole trace in a strip. The stretch in sight is a window on it: drag its middle to move, its edges to size, elsewhere to choose anew.
import { type PointerEvent, useEffect, useRef } from 'react';
import { t } from '@/i18n';
import type { Axis } from './axis';
import { begin, drawOverview, type Palette } from './draw';
import type { Rows } from './model';
import { fitTo, pan, type View } from './view';

const kHeight = 44;
const kEdgePx = 6;
const kLeastDragPx = 4;

type Props = {
  rows: Rows;
  axis: Axis;
  palette: Palette;
  width: number;
  view: View;
  now: number;
  onView: (view: View) => void;
};

export function Minimap({ rows, axis, palette, width, view, now, onView }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const ctx = canvas.current && width > 0 ? begin(canvas.current, width, kHeight) : null;
    if (ctx) drawOverview(ctx, rows, axis, palette, { width, height: kHeight }, now);
  }, [rows, axis, palette, width, now]);

  const left = (axis.place(view.from) / axis.length) * width;
  const right = (axis.place(view.to) / axis.length) * width;
  const timeOf = (x: number) => axis.time((x / Math.max(width, 1)) * axis.length);

  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    const strip = event.currentTarget;
    const box = strip.getBoundingClientRect();
    const x0 = event.clientX - box.left;
    strip.setPointerCapture(event.pointerId);
    const isWhole = right - left > width - 2;
    const grip =
      !isWhole && Math.abs(x0 - left) < kEdgePx
        ? 'left'
        : !isWhole && Math.abs(x0 - right) < kEdgePx
          ? 'right'
          : !isWhole && x0 > left && x0 < right
            ? 'middle'
            : 'new';
    const move = (at: globalThis.PointerEvent) => {
      const x = Math.max(0, Math.min(width, at.clientX - box.left));
      if (grip === 'middle') onView(pan(axis, view, (x - x0) / Math.max(right - left, 1)));
      else if (grip === 'left') onView({ from: timeOf(Math.min(x, right - 1)), to: view.to });
      else if (grip === 'right') onView({ from: view.from, to: timeOf(Math.max(x, left + 1)) });
      else if (Math.abs(x - x0) > kLeastDragPx)
        onView({ from: timeOf(Math.min(x, x0)), to: timeOf(Math.max(x, x0)) });
    };
    const end = (at: globalThis.PointerEvent) => {
      strip.removeEventListener('pointermove', move);
      strip.removeEventListener('pointerup', end);
      strip.removeEventListener('pointercancel', end);
      // A click without a drag brings that place into the middle.
      const x = at.clientX - box.left;
      if (grip === 'new' && Math.abs(x - x0) <= kLeastDragPx && !isWhole) {
        const half = (right - left) / 2;
        onView(fitTo(axis, timeOf(x - half), timeOf(x + half)));
      }
    };
    strip.addEventListener('pointermove', move);
    strip.addEventListener('pointerup', end);
    strip.addEventListener('pointercancel', end);
  };

  return (
    <div
      role="img"
      aria-label={t('trace.minimap')}
      onPointerDown={onPointerDown}
      className="relative shrink-0 cursor-crosshair touch-none overflow-hidden border-l border-line bg-surface select-none"
      style={{ width, height: kHeight }}
    >
      <canvas ref={canvas} aria-hidden className="absolute inset-0" style={{ width, height: kHeight }} />
      <div
        className="pointer-events-none absolute inset-y-0 left-0 bg-bg/70"
        style={{ width: Math.max(0, left) }}
      />
      <div className="pointer-events-none absolute inset-y-0 right-0 bg-bg/70" style={{ left: right }} />
      <div
        className="pointer-events-none absolute inset-y-0 border-x-2 border-accent"
        style={{ left, width: Math.max(4, right - left) }}
      />
    </div>
  );
}
