// SPDX-License-Identifier: MIT
// The waterfall: rows of names and numbers as elements, their bars on one canvas that lies over the rows in sight. The crosshair and the
// rubber band are elements moved by hand, so that following the pointer draws nothing.
import {
  type PointerEvent,
  type RefObject,
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';
import { t } from '@/i18n';
import { duration } from '@/lib/format';
import type { Axis, Piece } from './axis';
import { begin, drawAxis, drawRows, kRowHeight, type Palette, readPalette, type Scale, timeAt } from './draw';
import { Minimap } from './minimap';
import type { Rows } from './model';
import { columnsFor, leftWidth, SpanRows } from './span-rows';
import { scrollToRow, useRowWindow } from './use-window';
import { pan, type View, zoom } from './view';

const kAxisHeight = 26;
export const kHeadHeight = kAxisHeight;
const kLeastDragPx = 5;
const kWheelZoom = 0.0022;

// The colours of the page's theme, read again when it changes.
export function usePalette(): Palette {
  const [palette, setPalette] = useState(readPalette);
  useEffect(() => {
    const read = () => setPalette(readPalette());
    const watch = new MutationObserver(read);
    watch.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    return () => watch.disconnect();
  }, []);
  return palette;
}

type Props = {
  rows: Rows;
  axis: Axis;
  visible: Int32Array;
  view: View;
  onView: (view: View) => void;
  selected: number;
  onSelect: (index: number) => void;
  onOpen: (index: number) => void;
  found: ReadonlySet<number> | null;
  folded: ReadonlySet<string>;
  onFold: (id: string) => void;
  onGap: (gap: Piece) => void;
  now: number;
  scroller: RefObject<HTMLDivElement | null>;
};

function useWheel(
  scroller: RefObject<HTMLDivElement | null>,
  left: number,
  axis: Axis,
  view: View,
  onView: (view: View) => void,
): void {
  const latest = useRef({ axis, view, onView, left });
  latest.current = { axis, view, onView, left };
  useEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    // Not passive: zooming must not scroll the page as well.
    const onWheel = (event: WheelEvent) => {
      const { axis: at, view: now, onView: set, left: edge } = latest.current;
      const width = element.clientWidth - edge;
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        const x = event.clientX - element.getBoundingClientRect().left - edge;
        set(
          zoom(
            at,
            now,
            Math.exp(event.deltaY * kWheelZoom),
            Math.max(0, Math.min(1, x / Math.max(width, 1))),
          ),
        );
      } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        event.preventDefault();
        set(pan(at, now, (event.deltaX || event.deltaY) / Math.max(width, 1)));
      }
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, [scroller]);
}

function GapButtons({ scale, onGap }: { scale: Scale; onGap: (gap: Piece) => void }) {
  const unit = scale.width / Math.max(scale.to - scale.from, 1e-9);
  return scale.axis.gaps().map((gap, index, all) => {
    const x = (gap.place - scale.from) * unit;
    const width = gap.width * unit;
    if (x > scale.width || x + width < 0 || width < 8) return null;
    const from = Math.max(0, x);
    // Two waits may be as long as each other, so each is named by its number as well.
    const time = duration(gap.to - gap.from);
    const name = t('trace.gap.open', { time, number: index + 1, count: all.length });
    return (
      <button
        key={gap.from}
        type="button"
        aria-label={name}
        title={name}
        onClick={() => onGap(gap)}
        className="absolute inset-y-0 cursor-ew-resize hover:bg-accent-soft/60"
        style={{ left: from, width: Math.min(scale.width, x + width) - from }}
      />
    );
  });
}

export function Timeline(props: Props) {
  const { rows, axis, visible, view, onView, selected, now, scroller } = props;
  const palette = usePalette();
  const window = useRowWindow(scroller, visible.length, kHeadHeight);
  const columns = columnsFor(window.width);
  const left = leftWidth(columns);
  const width = Math.max(0, window.width - left);
  const scale: Scale = { axis, from: axis.place(view.from), to: axis.place(view.to), width };
  const bars = useRef<HTMLCanvasElement>(null);
  const head = useRef<HTMLCanvasElement>(null);
  const cross = useRef<HTMLDivElement>(null);
  const band = useRef<HTMLDivElement>(null);
  const label = useRef<HTMLSpanElement>(null);
  useWheel(scroller, left, axis, view, onView);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the scale is made of what is named here
  useLayoutEffect(() => {
    if (width <= 0) return;
    const ctx = bars.current && begin(bars.current, width, Math.max(1, window.count) * kRowHeight);
    if (ctx) drawRows(ctx, rows, visible, window.first, window.count, scale, palette, now);
    const top = head.current && begin(head.current, width, kAxisHeight);
    if (top) drawAxis(top, scale, palette, kAxisHeight);
    if (ctx) performance.mark('trace.drawn');
  }, [rows, axis, visible, view.from, view.to, width, window.first, window.count, palette, now]);

  const timelineX = useCallback(
    (clientX: number) => clientX - (scroller.current?.getBoundingClientRect().left ?? 0) - left,
    [scroller, left],
  );
  const onPointerMove = (event: PointerEvent) => {
    const x = timelineX(event.clientX);
    if (!cross.current || !label.current) return;
    cross.current.style.display = x < 0 ? 'none' : 'block';
    cross.current.style.transform = `translateX(${left + x}px)`;
    label.current.textContent = duration(Math.max(0, timeAt(scale, x)));
    label.current.style.transform = x > width - 90 ? 'translateX(calc(-100% - 4px))' : 'translateX(4px)';
  };
  // Drag chooses a stretch; a click is the row's own.
  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    const x0 = timelineX(event.clientX);
    const area = event.currentTarget;
    if (x0 < 0 || x0 > width || event.button !== 0 || event.pointerType === 'touch') return;
    const move = (at: globalThis.PointerEvent) => {
      const x = Math.max(0, Math.min(width, timelineX(at.clientX)));
      if (!band.current || Math.abs(x - x0) < kLeastDragPx) return;
      band.current.style.display = 'block';
      band.current.style.left = `${left + Math.min(x, x0)}px`;
      band.current.style.width = `${Math.abs(x - x0)}px`;
    };
    const end = (at: globalThis.PointerEvent) => {
      removeEventListener('pointermove', move);
      removeEventListener('pointerup', end);
      const shown = band.current?.style.display === 'block';
      if (band.current) band.current.style.display = 'none';
      const x = Math.max(0, Math.min(width, timelineX(at.clientX)));
      if (!shown || Math.abs(x - x0) < kLeastDragPx) return;
      area.addEventListener('click', (click) => click.stopPropagation(), { capture: true, once: true });
      onView({ from: timeAt(scale, Math.min(x, x0)), to: timeAt(scale, Math.max(x, x0)) });
    };
    addEventListener('pointermove', move);
    addEventListener('pointerup', end);
  };

  const { onSelect } = props;
  const onRow = useCallback(
    (index: number) => {
      // The grid has the focus, whichever row was clicked.
      scroller.current?.focus({ preventScroll: true });
      onSelect(index);
    },
    [scroller, onSelect],
  );
  const active = rows.spans[selected]?.span_id;
  return (
    <div className="flex min-h-0 flex-1 flex-col overflow-hidden rounded-card border border-line bg-surface">
      <div className="flex shrink-0 border-b border-line">
        <p className="shrink-0 truncate p-3 text-label text-text-3" style={{ width: left }}>
          {t('trace.spans', { count: rows.count })} · {duration(axis.end)}
        </p>
        <Minimap {...{ rows, axis, palette, width, view, now, onView }} />
      </div>
      <div
        ref={scroller}
        role="treegrid"
        aria-label={t('trace.timeline.label')}
        aria-rowcount={visible.length + 1}
        aria-colcount={columns.numbers ? 5 : 2}
        aria-activedescendant={active ? `span-${active}` : undefined}
        tabIndex={0}
        className="relative min-h-40 flex-1 overflow-x-hidden overflow-y-auto outline-offset-[-2px]"
      >
        <div
          role="row"
          tabIndex={-1}
          aria-rowindex={1}
          className="sticky top-0 z-20 flex items-center border-b border-line bg-surface text-label font-medium text-text-3"
          style={{ height: kHeadHeight }}
        >
          <span
            role="columnheader"
            tabIndex={-1}
            className="shrink-0 truncate pl-3"
            style={{ width: columns.name }}
          >
            {t('trace.col.name')}
          </span>
          {columns.numbers && (
            <>
              <span role="columnheader" tabIndex={-1} className="w-25 shrink-0 pr-2 text-right">
                {t('trace.col.tokens')}
              </span>
              <span role="columnheader" tabIndex={-1} className="w-20 shrink-0 pr-2 text-right">
                {t('trace.col.cost')}
              </span>
              <span role="columnheader" tabIndex={-1} className="w-20 shrink-0 pr-2 text-right">
                {t('trace.col.took')}
              </span>
            </>
          )}
          <span
            role="columnheader"
            tabIndex={-1}
            aria-label={t('trace.col.start')}
            className="relative h-full flex-1 border-l border-line"
          >
            <canvas
              ref={head}
              aria-hidden
              className="absolute inset-0"
              style={{ width, height: kAxisHeight }}
            />
            <GapButtons scale={scale} onGap={props.onGap} />
          </span>
        </div>
        <div
          role="rowgroup"
          className="relative"
          style={{ height: visible.length * kRowHeight }}
          onPointerDown={onPointerDown}
          onPointerMove={onPointerMove}
          onPointerLeave={() => {
            if (cross.current) cross.current.style.display = 'none';
          }}
        >
          <div role="presentation" className="absolute inset-x-0" style={{ top: window.first * kRowHeight }}>
            <SpanRows
              {...{ rows, visible, columns, palette, selected, now }}
              first={window.first}
              count={window.count}
              found={props.found}
              folded={props.folded}
              onFold={props.onFold}
              onSelect={onRow}
              onOpen={props.onOpen}
            />
          </div>
          <canvas
            ref={bars}
            aria-hidden
            className="pointer-events-none absolute"
            style={{ left, top: window.first * kRowHeight, width, height: window.count * kRowHeight }}
          />
          <div
            ref={cross}
            aria-hidden
            className="pointer-events-none absolute inset-y-0 left-0 z-10 hidden w-px bg-accent"
          >
            <span
              ref={label}
              className="sticky top-8 inline-block rounded-control bg-raised px-1 text-meta whitespace-nowrap text-text shadow-float"
            />
          </div>
          <div
            ref={band}
            aria-hidden
            className="pointer-events-none absolute inset-y-0 z-10 hidden border-x border-accent bg-accent-soft/60"
          />
        </div>
      </div>
    </div>
  );
}

export { scrollToRow };
