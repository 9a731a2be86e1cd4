// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { complete, numberOf, parseQuery, type Row, split, suggest, timeOf, without } from './query';

const usd = (amount: string) => ({ amount, currency: 'USD' as const });
const kNow = Date.parse('2026-01-08T12:00:30Z');
const row = (more: Partial<Row>): Row => ({
  id: 'ses_1',
  workspace_id: null,
  agent: 'default',
  model: 'openai/gpt-4o-mini',
  title: 'Harbour plan',
  status: 'active',
  surface: 'cli',
  parent_id: null,
  message_count: 4,
  unread: false,
  last_turn_id: 'trn_1',
  last_state: 'completed',
  cost: null,
  unpriced_calls: 0,
  input_tokens: 0,
  output_tokens: 0,
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
  snippet: null,
  ...more,
});

test('filters that the daemon knows go to it, words are searched for', () => {
  const query = parseQuery('status:archived agent:ops after:7d invoice "march report"', kNow);
  expect(query.server).toEqual({
    status: 'archived',
    agent: 'ops',
    after: '2026-01-01T12:00:00.000Z',
    query: 'invoice "march report"',
  });
  expect(query.local).toBeNull();
  expect(query.problems).toEqual([]);
});

test('the rest is held against each row', () => {
  const query = parseQuery('cost>0.5 messages>3 model:gpt is:unread', kNow);
  expect(query.local?.(row({ unread: true, cost: usd('0.6') }))).toBe(true);
  expect(query.local?.(row({ unread: true, cost: usd('0.5') }))).toBe(false);
  expect(query.local?.(row({ unread: true }))).toBe(false);
  expect(query.local?.(row({ unread: true, model: null, cost: usd('0.6') }))).toBe(false);
});

test.each([
  ['colour:red', 'key'],
  ['status:broken', 'value'],
  ['cost>much', 'number'],
  ['after:yesterday', 'time'],
  ['agent>ops', 'operator'],
  ['agent:', 'value'],
])('%s is told, not dropped', (text, problem) => {
  const query = parseQuery(text, kNow);
  expect(query.problems.map((token) => token.problem)).toEqual([problem]);
  expect(query.server).toEqual({});
});

test('how the last turn stands goes to the daemon too', () => {
  expect(parseQuery('status:failed', kNow).server).toEqual({ state: 'failed' });
  expect(parseQuery('status:active', kNow).server).toEqual({ status: 'active' });
});

test('an address is a word', () =>
  expect(parseQuery('https://example.org', kNow).words).toBe('https://example.org'));

test('times and numbers', () => {
  expect(timeOf('12h', kNow)).toBe('2026-01-08T00:00:00.000Z');
  expect(timeOf('2026-01-02T10:00:00Z', kNow)).toBe('2026-01-02T10:00:00.000Z');
  expect([numberOf('10k'), numberOf('$0.5'), numberOf('2M'), numberOf('x')]).toEqual([
    10_000,
    0.5,
    2_000_000,
    null,
  ]);
});

test('quotes keep a value together; a filter can be taken out', () => {
  const text = 'agent:"night shift" deploy cost>1';
  expect(split(text)).toHaveLength(3);
  const query = parseQuery(text, kNow);
  expect(query.server.agent).toBe('night shift');
  expect(without(text, query.filters[0] as never)).toBe('deploy cost>1');
});

test('suggestions go on from what was typed', () => {
  expect(suggest('st', [])).toEqual(['status:']);
  expect(suggest('foo status:a', [])).toEqual(['status:active', 'status:archived']);
  expect(suggest('agent:', ['ops', 'night shift'])).toEqual(['agent:ops', 'agent:"night shift"']);
  expect(complete('foo sta', 'status:')).toBe('foo status:');
  expect(complete('foo status:', 'status:active')).toBe('foo status:active ');
});
