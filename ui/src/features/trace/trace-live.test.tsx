// SPDX-License-Identifier: MIT
import { act, screen, within } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { bus } from '@/bus/bus';
import { answer, asked, renderPage, startFakeDaemon } from '../../../test/page';
import type { Span } from './model';
import { span } from './testing';
import { TracePage } from './trace-page';

vi.mock('@tanstack/react-router', async (original) => ({
  ...(await original<typeof import('@tanstack/react-router')>()),
  useParams: () => ({ turn: 'trn_1' }),
}));

class FakeSocket extends EventTarget {
  static readonly OPEN = 1;
  static last: FakeSocket | undefined;
  readyState = 1;
  constructor(readonly url: string) {
    super();
    FakeSocket.last = this;
  }
  close() {}
  send() {}
}

let version = 0;

function emit(event: string, payload: object) {
  version += 1;
  const data = JSON.stringify({
    type: 'event',
    schema: 1,
    version,
    event,
    session_id: 'ses_1',
    surface: 'web',
    timestamp: new Date().toISOString(),
    payload,
  });
  act(() => void FakeSocket.last?.dispatchEvent(Object.assign(new Event('message'), { data })));
}

const kRoute = 'GET /api/v1/traces/{turn}';
const kOpen = { took: null, status: 'open' } as const;
const kSmall = { 'gen_ai.request.model': 'small' };
const readings = () => asked.filter((one) => one.path.startsWith('/api/v1/traces/')).length;

function trace(state: string, spans: Span[]) {
  const usage = {
    input_tokens: 0,
    output_tokens: 0,
    cached_input_tokens: 0,
    cache_write_tokens: 0,
    reasoning_tokens: 0,
    estimated: false,
  };
  return {
    turn_id: 'trn_1',
    session_id: 'ses_1',
    trace_id: 'f'.repeat(32),
    state,
    complete: state === 'completed',
    spans,
    total: { calls: 1, usage, cost: null, unpriced_calls: 0, estimated_calls: 0 },
  };
}

const model = (more: object) => span('m', { parent: 'a', kind: 'model', attributes: kSmall, ...more });
const fetched = span('t', {
  parent: 'a',
  from: 2000,
  took: 10,
  status: 'denied',
  attributes: { 'gen_ai.tool.name': 'net.fetch' },
});

beforeEach(() => {
  startFakeDaemon();
  vi.stubGlobal('WebSocket', FakeSocket);
  bus.start(null);
});
afterEach(() => {
  bus.stop();
  vi.unstubAllGlobals();
});

test('what ends takes its place in the open page, and the trace is read again only for what began', async () => {
  answer(kRoute, trace('running', [span('a', { kind: 'turn', ...kOpen }), model(kOpen)]));
  renderPage(<TracePage />, { at: '/trace/trn_1' });
  const grid = await screen.findByRole('treegrid');
  const rows = () => within(grid).getAllByRole('row').slice(1);
  const says = (words: string[]) =>
    rows().every((row, at) => row.textContent?.includes(words[at] ?? 'nothing'));
  expect(rows()).toHaveLength(2);
  expect(says(['Turn, open', 'Model, open'])).toBe(true);

  emit('trace.span', { ...span('x', { parent: 'a' }), trace_id: 'e'.repeat(32) });
  emit('trace.span', model({ took: 1500 }));
  emit('trace.span', fetched);
  await within(grid).findByText('net.fetch');
  expect(rows().map((row) => row.id)).toEqual(['span-a', 'span-m', 'span-t']);
  expect(says(['Turn, open', 'Model, ok', 'Tool, denied'])).toBe(true);
  expect(readings()).toBe(1);

  const whole = [span('a', { kind: 'turn', took: 4000 }), model({ took: 1500 }), fetched];
  answer(kRoute, trace('completed', whole));
  emit('turn.completed', { turn_id: 'trn_of_others' });
  emit('turn.completed', { turn_id: 'trn_1' });
  expect(await screen.findByText(/Turn completed after 4 s: 1 model call, 1 tool call/)).toBeTruthy();
  expect(readings()).toBe(2);
});
