// SPDX-License-Identifier: MIT
// Bars on a canvas. A wait is hatched, what holds others is a bracket, work is solid; what failed is told by colour and mark.

import { duration } from '@/lib/format';
import type { Axis } from './axis';
import { tickStep, ticks, tickText } from './axis';
import { type Kind, kKinds, type Rows, shortName } from './model';

export const kRowHeight = 24;
const kBar = 12;
const kLeastBar = 2;
const kTickEveryPx = 96;
const kLabelGap = 6;
// Beneath this a label says nothing.
const kLeastLabelPx = 24;

export type Palette = {
  kinds: Record<Kind, string>;
  bad: string;
  idle: string;
  line: string;
  text: string;
  text2: string;
  text3: string;
  sunken: string;
  surface: string;
  accent: string;
  hatch: Map<string, CanvasPattern | string>;
};

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(name).trim() || '#888888';
  return {
    kinds: {
      turn: of('--control'),
      queue: of('--text-3'),
      model: of('--series-1'),
      tool: of('--series-3'),
      approval: of('--warn'),
      compaction: of('--series-4'),
      agent: of('--series-8'),
      request: of('--series-5'),
    },
    bad: of('--bad'),
    idle: of('--text-3'),
    line: of('--line'),
    text: of('--text'),
    text2: of('--text-2'),
    text3: of('--text-3'),
    sunken: of('--sunken'),
    surface: of('--surface'),
    accent: of('--accent'),
    hatch: new Map(),
  };
}

function hatchOf(ctx: CanvasRenderingContext2D, palette: Palette, colour: string): CanvasPattern | string {
  const known = palette.hatch.get(colour);
  if (known) return known;
  const size = 6;
  const tile = document.createElement('canvas');
  tile.width = size;
  tile.height = size;
  const pen = tile.getContext('2d');
  let made: CanvasPattern | string = colour;
  if (pen) {
    pen.strokeStyle = colour;
    pen.lineWidth = 1.4;
    pen.beginPath();
    for (const shift of [-size, 0, size]) {
      pen.moveTo(shift, size);
      pen.lineTo(shift + size, 0);
    }
    pen.stroke();
    made = ctx.createPattern(tile, 'repeat') ?? colour;
  }
  palette.hatch.set(colour, made);
  return made;
}

export type Scale = { axis: Axis; from: number; to: number; width: number };

export function xOf(scale: Scale, ms: number): number {
  return ((scale.axis.place(ms) - scale.from) / Math.max(scale.to - scale.from, 1e-9)) * scale.width;
}
export function timeAt(scale: Scale, x: number): number {
  return scale.axis.time(scale.from + (x / Math.max(scale.width, 1)) * (scale.to - scale.from));
}

// Prepares a canvas for `width` x `height` CSS pixels; null where there is no canvas.
export function begin(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
): CanvasRenderingContext2D | null {
  const ratio = globalThis.devicePixelRatio || 1;
  const w = Math.max(1, Math.round(width * ratio));
  const h = Math.max(1, Math.round(height * ratio));
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  const ctx = canvas.getContext('2d');
  if (!ctx) return null;
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, width, height);
  return ctx;
}

const isBad = (status: string) => status === 'error' || status === 'denied' || status === 'interrupted';

export function colourOf(palette: Palette, kind: Kind, status: string): string {
  if (isBad(status)) return palette.bad;
  if (status === 'cancelled') return palette.idle;
  return palette.kinds[kind];
}

function drawGaps(ctx: CanvasRenderingContext2D, scale: Scale, palette: Palette, height: number): void {
  for (const gap of scale.axis.gaps()) {
    const x = ((gap.place - scale.from) / (scale.to - scale.from)) * scale.width;
    const w = (gap.width / (scale.to - scale.from)) * scale.width;
    if (x > scale.width || x + w < 0) continue;
    ctx.fillStyle = palette.sunken;
    ctx.fillRect(x, 0, w, height);
    ctx.strokeStyle = palette.line;
    ctx.setLineDash([3, 3]);
    ctx.beginPath();
    for (const edge of [x, x + w]) {
      ctx.moveTo(Math.round(edge) + 0.5, 0);
      ctx.lineTo(Math.round(edge) + 0.5, height);
    }
    ctx.stroke();
    ctx.setLineDash([]);
  }
}

function tickMarks(scale: Scale): { at: number[]; step: number } {
  const every = ((scale.to - scale.from) / Math.max(scale.width, 1)) * kTickEveryPx;
  return { at: ticks(scale.axis, scale.from, scale.to, every), step: tickStep(every) };
}

const isSolid = (kind: Kind) => kind === 'model' || kind === 'tool' || kind === 'compaction';

type Bar = {
  x: number;
  width: number;
  y: number;
  colour: string;
  kind: Kind;
  status: string;
  isOpen: boolean;
  // Left of it the row is empty.
  clear: number;
};

function drawBar(ctx: CanvasRenderingContext2D, palette: Palette, bar: Bar): void {
  const top = bar.y + (kRowHeight - kBar) / 2;
  ctx.fillStyle = bar.colour;
  if (bar.kind === 'turn' || bar.kind === 'agent') {
    ctx.fillRect(bar.x, bar.y + kRowHeight / 2 - 1.5, bar.width, 3);
    ctx.fillRect(bar.x, top + 1, 2, kBar - 2);
    if (!bar.isOpen) ctx.fillRect(bar.x + bar.width - 2, top + 1, 2, kBar - 2);
    return;
  }
  if (bar.kind === 'queue' || bar.kind === 'approval') {
    ctx.fillStyle = hatchOf(ctx, palette, bar.colour);
    ctx.fillRect(bar.x, top, bar.width, kBar);
    ctx.strokeStyle = bar.colour;
    ctx.lineWidth = 1;
    if (bar.width > 3) ctx.strokeRect(bar.x + 0.5, top + 0.5, bar.width - 1, kBar - 1);
    return;
  }
  if (bar.width > 6) {
    ctx.beginPath();
    ctx.roundRect(bar.x, top, bar.width, kBar, 2);
    ctx.fill();
  } else ctx.fillRect(bar.x, top, bar.width, kBar);
}

function markOf(rows: Rows, i: number, status: string): string {
  const attempt = rows.attempt[i] ?? 0;
  const again = attempt > 1 ? `⟳${attempt} ` : '';
  if (status === 'denied') return `${again}⊘ `;
  if (status === 'error' || status === 'interrupted') return `${again}✕ `;
  if (status === 'cancelled') return `${again}■ `;
  return again;
}

function drawLabel(
  ctx: CanvasRenderingContext2D,
  palette: Palette,
  text: string,
  bar: Bar,
  width: number,
): void {
  const middle = bar.y + kRowHeight / 2 + 0.5;
  const length = ctx.measureText(text).width;
  const right = Math.min(bar.x + bar.width, width);
  ctx.fillStyle = isBad(bar.status) ? palette.bad : palette.text2;
  if (width - right - kLabelGap > Math.min(length, kLeastLabelPx * 4) && right >= 0) {
    ctx.fillText(text, Math.max(right, 0) + kLabelGap, middle);
  } else if (bar.width > length + kLabelGap * 2 && isSolid(bar.kind)) {
    ctx.fillStyle = palette.surface;
    ctx.fillText(text, Math.max(bar.x, 0) + kLabelGap, middle);
  } else if (bar.clear - kLabelGap > length) ctx.fillText(text, bar.clear - kLabelGap - length, middle);
}

// The rows `visible[first…first+count)`, the first at the top.
export function drawRows(
  ctx: CanvasRenderingContext2D,
  rows: Rows,
  visible: Int32Array,
  first: number,
  count: number,
  scale: Scale,
  palette: Palette,
  now: number,
): void {
  const height = count * kRowHeight;
  drawGaps(ctx, scale, palette, height);
  ctx.strokeStyle = palette.line;
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (const at of tickMarks(scale).at) {
    const x = Math.round(xOf(scale, at)) + 0.5;
    ctx.moveTo(x, 0);
    ctx.lineTo(x, height);
  }
  ctx.stroke();
  ctx.font = '11px system-ui, sans-serif';
  ctx.textBaseline = 'middle';
  for (let k = 0; k < count; k += 1) {
    const i = visible[first + k];
    const span = i === undefined ? undefined : rows.spans[i];
    if (i === undefined || !span) break;
    const start = rows.start[i] ?? 0;
    const stop = rows.stop[i] ?? start;
    const isOpen = stop === Number.POSITIVE_INFINITY;
    const x = xOf(scale, start);
    const right = xOf(scale, isOpen ? now : stop);
    const left = Math.max(x, -4);
    const y = k * kRowHeight;
    const kind = kKinds[rows.kind[i] ?? 0] ?? 'turn';
    const colour = colourOf(palette, kind, span.status);
    const ready = rows.ready[i] ?? start;
    if (ready < start) {
      const from = Math.max(xOf(scale, ready), -4);
      if (left - from > 1) {
        ctx.fillStyle = palette.idle;
        ctx.fillRect(from, y + kRowHeight / 2 - 0.5, left - from, 1);
        ctx.fillRect(from, y + kRowHeight / 2 - 3, 1, 6);
      }
    }
    if (right < 0 || x > scale.width) continue;
    const bar: Bar = {
      x: left,
      width: Math.max(kLeastBar, Math.min(right, scale.width + 4) - left),
      y,
      colour,
      kind,
      status: span.status,
      isOpen,
      clear: Math.min(left, ready < start ? xOf(scale, ready) : left),
    };
    drawBar(ctx, palette, bar);
    const took = isOpen ? now - start : stop - start;
    drawLabel(
      ctx,
      palette,
      `${markOf(rows, i, span.status)}${shortName(span)} · ${duration(took)}`,
      bar,
      scale.width,
    );
  }
}

// Times along the top, and how long what was shortened really took.
export function drawAxis(
  ctx: CanvasRenderingContext2D,
  scale: Scale,
  palette: Palette,
  height: number,
): void {
  drawGaps(ctx, scale, palette, height);
  ctx.font = '11px system-ui, sans-serif';
  ctx.textBaseline = 'middle';
  const { at, step } = tickMarks(scale);
  let taken = -Infinity;
  for (const ms of at) {
    const x = xOf(scale, ms);
    ctx.fillStyle = palette.line;
    ctx.fillRect(Math.round(x), height - 6, 1, 6);
    const text = tickText(ms, step);
    const length = ctx.measureText(text).width;
    if (x + 4 < taken || x + 4 + length > scale.width) continue;
    ctx.fillStyle = palette.text3;
    ctx.fillText(text, x + 4, height / 2);
    taken = x + 4 + length + 8;
  }
  for (const gap of scale.axis.gaps()) {
    const x = ((gap.place - scale.from) / (scale.to - scale.from)) * scale.width;
    const w = (gap.width / (scale.to - scale.from)) * scale.width;
    const took = duration(gap.to - gap.from);
    const long = `⋯ ${took} ⋯`;
    const text = ctx.measureText(long).width < w - 4 ? long : took;
    const length = ctx.measureText(text).width;
    ctx.fillStyle = palette.text2;
    if (length < w - 4) ctx.fillText(text, x + (w - length) / 2, height / 2);
    else if (w > 10) ctx.fillText('⋯', x + w / 2 - 5, height / 2);
  }
}

// All rows, each a line or a share of one.
export function drawOverview(
  ctx: CanvasRenderingContext2D,
  rows: Rows,
  axis: Axis,
  palette: Palette,
  size: { width: number; height: number },
  now: number,
): void {
  const scale: Scale = { axis, from: 0, to: axis.length, width: size.width };
  drawGaps(ctx, scale, palette, size.height);
  const lane = size.height / Math.max(rows.count, 1);
  const thick = Math.max(1, Math.min(4, lane * 0.8));
  for (let i = 0; i < rows.count; i += 1) {
    const kind = kKinds[rows.kind[i] ?? 0] ?? 'turn';
    if (kind === 'turn' || kind === 'agent') continue;
    const x = xOf(scale, rows.start[i] ?? 0);
    const stop = rows.stop[i] ?? 0;
    const width = xOf(scale, stop === Number.POSITIVE_INFINITY ? now : stop) - x;
    ctx.fillStyle = colourOf(palette, kind, rows.spans[i]?.status ?? 'ok');
    ctx.globalAlpha = kind === 'queue' || kind === 'approval' ? 0.4 : 1;
    ctx.fillRect(x, i * lane, Math.max(1, width), thick);
  }
  ctx.globalAlpha = 1;
}
