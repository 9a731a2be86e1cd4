// SPDX-License-Identifier: MIT
import { fireEvent, screen } from '@testing-library/react';
import { beforeEach, expect, test, vi } from 'vitest';
import { answer, renderPage, startFakeDaemon } from '../../../test/page';
import { buildAxis } from './axis';
import { drawOverview, drawRows, kRowHeight, readPalette } from './draw';
import { buildRows, type Span, visibleRows } from './model';
import { span } from './testing';
import { TracePage } from './trace-page';

vi.mock('@tanstack/react-router', async (original) => ({
  ...(await original<typeof import('@tanstack/react-router')>()),
  useParams: () => ({ turn: 'trn_1' }),
}));

type Box = [colour: string, x: number, y: number, width: number, height: number];

// Notes what is drawn: there is no canvas here.
class Pen {
  fillStyle = '';
  globalAlpha = 1;
  boxes: Box[] = [];
  texts: string[] = [];
  fillRect(x: number, y: number, width: number, height: number) {
    this.boxes.push([this.fillStyle, x, y, width, height]);
  }
  roundRect(x: number, y: number, width: number, height: number) {
    this.fillRect(x, y, width, height);
  }
  fillText(text: string) {
    this.texts.push(text);
  }
  measureText = (text: string) => ({ width: text.length * 6 });
  createPattern = () => null;
  clearRect() {
    this.boxes = [];
    this.texts = [];
  }
  setTransform() {}
  setLineDash() {}
  beginPath() {}
  moveTo() {}
  lineTo() {}
  stroke() {}
  strokeRect() {}
  fill() {}
}
const asContext = (pen: Pen) => pen as unknown as CanvasRenderingContext2D;

const kPalette = {
  ...readPalette(),
  kinds: {
    turn: 'of turns',
    queue: 'of lines',
    model: 'of models',
    tool: 'of tools',
    approval: 'of questions',
    compaction: 'of summaries',
    agent: 'of agents',
    request: 'of requests',
  },
  bad: 'of failures',
};
const kWidth = 1000;

// One pixel for each millisecond of the second that is drawn.
function drawn(spans: Span[], from = 0, to = 1000) {
  const rows = buildRows(spans);
  const axis = buildAxis(rows, 1000, new Set(), true);
  const pen = new Pen();
  const visible = visibleRows(rows, new Set());
  drawRows(
    asContext(pen),
    rows,
    visible,
    0,
    visible.length,
    { axis, from, to, width: kWidth },
    kPalette,
    1000,
  );
  return { pen, rows, axis };
}

const kSpans = () => [
  span('a', { kind: 'turn', took: null, status: 'open', attributes: { 'gen_ai.agent.name': 'default' } }),
  span('m', { parent: 'a', kind: 'model', took: 400, attributes: { 'gen_ai.request.model': 'small' } }),
  span('t', { parent: 'a', from: 500, took: 100, status: 'denied', name: 'execute_tool net.fetch' }),
  span('o', { parent: 'a', from: 700, took: null, status: 'open', name: 'execute_tool fs.read' }),
  span('w', { parent: 'a', kind: 'approval', from: 900, took: 50, name: 'approval fs.write' }),
];

test('a bar stands at its time, as long as it took, in the colour of its kind or of its failure', () => {
  const { pen } = drawn(kSpans());
  const row = (at: number) => at * kRowHeight;
  expect(pen.boxes).toEqual([
    // What holds others is a bracket, open at its end while it goes on.
    ['of turns', 0, 10.5, 1000, 3],
    ['of turns', 0, 7, 2, 10],
    ['of models', 0, row(1) + 6, 400, 12],
    ['of failures', 500, row(2) + 6, 100, 12],
    // What is under way reaches to now.
    ['of tools', 700, row(3) + 6, 300, 12],
    ['of questions', 900, row(4) + 6, 50, 12],
  ]);
  expect(pen.texts).toContain('small · 400 ms');
  expect(pen.texts).toContain('⊘ net.fetch · 100 ms');
});

test('of a stretch only what lies in it is drawn, in its own measure', () => {
  const { pen } = drawn(kSpans(), 450, 650);
  // The bracket of the turn goes beyond both edges.
  const bars = pen.boxes.filter(([colour]) => colour !== 'of turns');
  expect(bars).toEqual([['of failures', 250, 2 * kRowHeight + 6, 500, 12]]);
  expect(pen.boxes).toContainEqual(['of turns', -4, 10.5, 1008, 3]);
});

test('the strip has a line for each span that does something', () => {
  const { rows, axis } = drawn(kSpans());
  const pen = new Pen();
  drawOverview(asContext(pen), rows, axis, kPalette, { width: kWidth, height: 50 }, 1000);
  expect(pen.boxes).toEqual([
    ['of models', 0, 10, 400, 4],
    ['of failures', 500, 20, 100, 4],
    ['of tools', 700, 30, 300, 4],
    ['of questions', 900, 40, 50, 4],
  ]);
});

// A page of 1200 pixels has 760 for the time; the trace takes 3800 ms, so that a pixel is five of them.
function openTrace(at: string) {
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1200);
  const pens = new Map<HTMLCanvasElement, Pen>();
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockImplementation(function (this: HTMLCanvasElement) {
    const pen = pens.get(this) ?? new Pen();
    pens.set(this, pen);
    return asContext(pen) as never;
  });
  const usage = { input_tokens: 0, output_tokens: 0, cached_input_tokens: 0 };
  answer('GET /api/v1/traces/{turn}', {
    turn_id: 'trn_1',
    session_id: 'ses_1',
    trace_id: 'f'.repeat(32),
    state: 'completed',
    complete: true,
    spans: [span('a', { kind: 'turn', took: 3800 }), span('t', { parent: 'a', from: 1900, took: 190 })],
    total: { calls: 0, usage, cost: null, unpriced_calls: 0, estimated_calls: 0 },
  });
  return { ...renderPage(<TracePage />, { at }), pens };
}

function drag(strip: HTMLElement, from: number, to: number) {
  fireEvent.pointerDown(strip, { clientX: from, pointerId: 1 });
  fireEvent.pointerMove(strip, { clientX: to, pointerId: 1 });
  fireEvent.pointerUp(strip, { clientX: to, pointerId: 1 });
}

beforeEach(startFakeDaemon);

test('the strip chooses the stretch, moves it, sizes it, and the bars follow', async () => {
  const { router, pens } = openTrace('/trace/trn_1?waits=full');
  const strip = await screen.findByRole('img', { name: 'The whole trace; drag to choose a stretch' });
  strip.setPointerCapture = () => {};
  const isAt = (from: string, to: string) =>
    vi.waitFor(() => expect(router.state.location.search).toMatchObject({ from, to }), 5_000);
  // Where the bar of the tool, which is in the second row, stands and how long it is.
  const bar = () => {
    const canvas = screen.getByRole('treegrid').querySelector('[role=rowgroup] canvas') as HTMLCanvasElement;
    const [, x, , width] = pens.get(canvas)?.boxes.find(([, , y]) => y === kRowHeight + 6) ?? [];
    return x === undefined || width === undefined
      ? 'not in sight'
      : `${Math.round(x)} + ${Math.round(width)}`;
  };
  expect(bar()).toBe('380 + 38');

  drag(strip, 304, 608);
  await isAt('1520.000', '3040.000');
  expect(bar()).toBe('190 + 95');

  drag(strip, 400, 476);
  await isAt('1900.000', '3420.000');
  expect(bar()).toBe('0 + 95');

  drag(strip, 380, 304);
  await isAt('1520.000', '3420.000');

  drag(strip, 684, 532);
  await isAt('1520.000', '2660.000');

  // A click brings its place into the middle.
  fireEvent.pointerDown(strip, { clientX: 152, pointerId: 1 });
  fireEvent.pointerUp(strip, { clientX: 152, pointerId: 1 });
  await vi.waitFor(() => {
    const { from, to } = router.state.location.search as { from: string; to: string };
    expect((Number(from) + Number(to)) / 2).toBeCloseTo(760, 3);
  }, 5_000);
  expect(bar()).toBe('not in sight');
});
