// SPDX-License-Identifier: MIT
// Spans as flat columns, in the order of the tree: computed once, so that neither drawing nor scrolling walks a tree. Pure.
import type { Schemas } from '@/api/client';

export type Span = Schemas['Span'];
export type Kind = Span['kind'];

export const kKinds: Kind[] = [
  'turn',
  'queue',
  'model',
  'tool',
  'approval',
  'compaction',
  'agent',
  'request',
];

// Row i of every column is the same span. Times are milliseconds since `origin`; an open span ends at Infinity.
export type Rows = {
  count: number;
  spans: Span[];
  // Unix milliseconds of the first span's start.
  origin: number;
  end: number;
  start: Float64Array;
  stop: Float64Array;
  // When it was ready to go; the same as its start for what never waited.
  ready: Float64Array;
  depth: Uint8Array;
  kind: Uint8Array;
  attempt: Uint8Array;
  // The first row behind its subtree.
  after: Int32Array;
  parent: Int32Array;
  // Its own, or what is beneath it together when it has none. -1: nobody knows.
  tokensIn: Float64Array;
  tokensOut: Float64Array;
  nanoUsd: Float64Array;
  // 1 where the numbers are a sum of what is beneath.
  summed: Uint8Array;
  byId: Map<string, number>;
  isOpen: boolean;
};

const kMinuteChars = 16;

// Many spans share their minute, and Date.parse is the slowest part of reading a large trace.
export function timeReader(): (text: string) => number {
  let minute = '';
  let base = 0;
  return (text) => {
    if (text.length < 20 || !text.endsWith('Z')) return Date.parse(text);
    const head = text.slice(0, kMinuteChars);
    if (head !== minute) {
      minute = head;
      base = Date.parse(`${head}:00Z`);
    }
    return base + Number(text.slice(kMinuteChars + 1, -1)) * 1000;
  };
}

// Values that come again and again are kept once.
function intern(spans: Span[]): void {
  const known = new Map<string, string>();
  const one = <T extends string | null>(text: T): T => {
    if (text === null) return text;
    const found = known.get(text);
    if (found !== undefined) return found as T;
    known.set(text, text);
    return text;
  };
  for (const span of spans) {
    span.trace_id = one(span.trace_id);
    span.session_id = one(span.session_id);
    span.turn_id = one(span.turn_id);
    span.name = one(span.name);
    span.kind = one(span.kind);
    span.status = one(span.status);
    span.message = one(span.message);
  }
}

export function attr(span: Span, name: string): unknown {
  return (span.attributes as Record<string, unknown>)[name];
}
export function attrNumber(span: Span, name: string): number | null {
  const value = attr(span, name);
  return typeof value === 'number' ? value : null;
}
export function attrText(span: Span, name: string): string {
  const value = attr(span, name);
  return typeof value === 'string' ? value : '';
}

// What tells it from its neighbours: the tool, the model, the agent.
export function shortName(span: Span): string {
  if (span.kind === 'tool')
    return attrText(span, 'gen_ai.tool.name') || span.name.replace('execute_tool ', '');
  if (span.kind === 'model' || span.kind === 'compaction')
    return attrText(span, 'gen_ai.request.model') || span.name.replace('chat ', '');
  if (span.kind === 'approval')
    return attrText(span, 'gen_ai.tool.name') || span.name.replace('approval ', '');
  if (span.kind === 'turn' || span.kind === 'agent') return attrText(span, 'gen_ai.agent.name') || span.name;
  return span.name;
}

type Order = { sequence: Int32Array; depth: Uint8Array; parent: Int32Array };

// The tree's order without recursion: children by their start, each span behind its parent. A parent that is not here makes a root.
function treeOrder(spans: Span[], starts: Float64Array): Order {
  const count = spans.length;
  const place = new Map<string, number>();
  spans.forEach((span, i) => void place.set(span.span_id, i));
  const byStart = Int32Array.from({ length: count }, (_, i) => i).sort(
    (a, b) => (starts[a] ?? 0) - (starts[b] ?? 0) || a - b,
  );
  // Linked lists of children, filled from the last so that each begins with its first child.
  const head = new Int32Array(count).fill(-1);
  const next = new Int32Array(count).fill(-1);
  let roots = -1;
  for (let k = count - 1; k >= 0; k -= 1) {
    const i = byStart[k] ?? 0;
    const parentId = spans[i]?.parent_span_id;
    const up = parentId ? (place.get(parentId) ?? -1) : -1;
    if (up === -1 || up === i) {
      next[i] = roots;
      roots = i;
    } else {
      next[i] = head[up] ?? -1;
      head[up] = i;
    }
  }
  const sequence = new Int32Array(count);
  const depth = new Uint8Array(count);
  const parent = new Int32Array(count).fill(-1);
  let filled = 0;
  const stack: [span: number, level: number, parentRow: number][] = [];
  for (let root = roots; root !== -1; root = next[root] ?? -1) {
    stack.push([root, 0, -1]);
    for (let top = stack.pop(); top; top = stack.pop()) {
      const [i, level, parentRow] = top;
      const row = filled;
      sequence[row] = i;
      depth[row] = Math.min(level, 255);
      parent[row] = parentRow;
      filled += 1;
      const from = stack.length;
      for (let child = head[i] ?? -1; child !== -1; child = next[child] ?? -1)
        stack.push([child, level + 1, row]);
      // The first child is to be taken first.
      for (let a = from, b = stack.length - 1; a < b; a += 1, b -= 1) {
        const swap = stack[a];
        stack[a] = stack[b] as (typeof stack)[0];
        stack[b] = swap as (typeof stack)[0];
      }
    }
  }
  return { sequence: sequence.subarray(0, filled), depth, parent };
}

function fillNumbers(rows: Rows): void {
  const has = new Uint8Array(rows.count);
  for (let i = 0; i < rows.count; i += 1) {
    const span = rows.spans[i] as Span;
    const isCall = span.kind === 'model' || span.kind === 'compaction';
    rows.tokensIn[i] = isCall ? (attrNumber(span, 'gen_ai.usage.input_tokens') ?? 0) : 0;
    rows.tokensOut[i] = isCall ? (attrNumber(span, 'gen_ai.usage.output_tokens') ?? 0) : 0;
    rows.nanoUsd[i] = isCall ? (attrNumber(span, 'pryx.cost.nano_usd') ?? -1) : -1;
    has[i] = isCall ? 1 : 0;
  }
  // From the leaves up: a row's parent is always before it.
  for (let i = rows.count - 1; i > 0; i -= 1) {
    const up = rows.parent[i] ?? -1;
    if (up < 0 || (!has[i] && !rows.summed[i])) continue;
    if (has[up]) continue;
    rows.summed[up] = 1;
    rows.tokensIn[up] = (rows.tokensIn[up] ?? 0) + (rows.tokensIn[i] ?? 0);
    rows.tokensOut[up] = (rows.tokensOut[up] ?? 0) + (rows.tokensOut[i] ?? 0);
    const nano = rows.nanoUsd[i] ?? -1;
    if (nano >= 0) rows.nanoUsd[up] = Math.max(0, rows.nanoUsd[up] ?? 0) + nano;
  }
}

function fillSubtrees(rows: Rows): void {
  for (let i = 0; i < rows.count; i += 1) rows.after[i] = i + 1;
  for (let i = rows.count - 1; i > 0; i -= 1) {
    const up = rows.parent[i] ?? -1;
    if (up >= 0) rows.after[up] = Math.max(rows.after[up] ?? 0, rows.after[i] ?? 0);
  }
}

export function buildRows(list: Span[]): Rows {
  intern(list);
  const read = timeReader();
  const count = list.length;
  const starts = Float64Array.from(list, (span) => read(span.started_at));
  const { sequence, depth, parent } = treeOrder(list, starts);
  let origin = Number.POSITIVE_INFINITY;
  for (const at of starts) origin = Math.min(origin, at);
  if (count === 0) origin = 0;
  const rows: Rows = {
    count,
    spans: new Array<Span>(count),
    origin,
    end: 0,
    start: new Float64Array(count),
    stop: new Float64Array(count),
    ready: new Float64Array(count),
    depth,
    kind: new Uint8Array(count),
    attempt: new Uint8Array(count),
    after: new Int32Array(count),
    parent,
    tokensIn: new Float64Array(count),
    tokensOut: new Float64Array(count),
    nanoUsd: new Float64Array(count),
    summed: new Uint8Array(count),
    byId: new Map(),
    isOpen: false,
  };
  for (let i = 0; i < count; i += 1) {
    const at = sequence[i] ?? 0;
    const span = list[at] as Span;
    rows.spans[i] = span;
    const start = (starts[at] ?? origin) - origin;
    rows.start[i] = start;
    const isOpen = span.status === 'open' && span.duration_us === null;
    rows.stop[i] = isOpen
      ? Number.POSITIVE_INFINITY
      : start + (span.duration_us ?? (read(span.ended_at ?? span.started_at) - origin - start) * 1000) / 1000;
    if (isOpen) rows.isOpen = true;
    const planned = attrText(span, 'pryx.planned_at');
    rows.ready[i] = planned ? Math.min(start, read(planned) - origin) : start;
    rows.kind[i] = Math.max(0, kKinds.indexOf(span.kind));
    rows.attempt[i] = Math.min(255, attrNumber(span, 'pryx.attempt') ?? 0);
    rows.end = Math.max(rows.end, start, isOpen ? 0 : (rows.stop[i] ?? 0));
    rows.byId.set(span.span_id, i);
  }
  fillSubtrees(rows);
  fillNumbers(rows);
  return rows;
}

// The rows in sight when those in `folded` hide what is beneath them.
export function visibleRows(rows: Rows, folded: ReadonlySet<string>): Int32Array {
  const out = new Int32Array(rows.count);
  let filled = 0;
  for (let i = 0; i < rows.count; ) {
    out[filled] = i;
    filled += 1;
    const id = rows.spans[i]?.span_id ?? '';
    i = folded.size > 0 && folded.has(id) ? (rows.after[i] ?? i + 1) : i + 1;
  }
  return out.subarray(0, filled);
}

// Is it work, or does it only wait or hold others?
export function isWork(rows: Rows, i: number): boolean {
  const kind = kKinds[rows.kind[i] ?? 0];
  if (kind === 'model' || kind === 'compaction') return true;
  return kind === 'tool' && rows.after[i] === i + 1;
}

// The nearest row of the same depth before (-1) or behind (1) it: what came next beside it.
export function neighbour(rows: Rows, i: number, step: 1 | -1): number {
  const depth = rows.depth[i];
  for (let at = i + step; at >= 0 && at < rows.count; at += step) {
    if (rows.depth[at] === depth) return at;
  }
  return i;
}

// Where the approvals page shows the question that a span waited for.
export function approvalSearch(span: Span): Record<string, string> {
  if (attrText(span, 'pryx.approval.decision') === 'pending') return {};
  return { tab: 'decided', open: attrText(span, 'pryx.approval.id') };
}

// "default policy: tools.allowed: fs.list when …" -> "fs.list": what the policy page finds it by.
export function ruleWords(rule: string): string {
  return (rule.split(': ').at(-1) ?? rule).replace(/ when .*$/, '');
}
