// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { approvalSearch, buildRows, neighbour, ruleWords, timeReader, visibleRows } from './model';
import { merged } from './queries';
import { span } from './testing';

const names = (rows: ReturnType<typeof buildRows>) => rows.spans.map((one) => one.span_id);

test('rows come in the tree’s order, whatever order the spans came in', () => {
  const rows = buildRows([
    span('c', { parent: 'a', from: 30 }),
    span('b1', { parent: 'b', from: 20 }),
    span('a', { kind: 'turn', from: 0, took: 100 }),
    span('b', { parent: 'a', from: 10, took: 20, kind: 'agent' }),
  ]);
  expect(names(rows)).toEqual(['a', 'b', 'b1', 'c']);
  expect([...rows.depth]).toEqual([0, 1, 2, 1]);
  expect([...rows.after]).toEqual([4, 3, 3, 4]);
  expect([...rows.start]).toEqual([0, 10, 20, 30]);
});

test('a parent that is missing, and one that is its own, make roots', () => {
  const rows = buildRows([span('a', { parent: 'gone' }), span('b', { parent: 'b', from: 1 })]);
  expect([...rows.depth]).toEqual([0, 0]);
  expect([...rows.parent]).toEqual([-1, -1]);
});

test('what holds calls has their sum, and a call its own numbers', () => {
  const call = { 'gen_ai.usage.input_tokens': 100, 'gen_ai.usage.output_tokens': 7, 'pryx.cost.nano_usd': 5 };
  const rows = buildRows([
    span('a', { kind: 'turn' }),
    span('m', { parent: 'a', kind: 'model', attributes: call }),
    span('g', { parent: 'a', kind: 'agent', from: 1 }),
    span('n', { parent: 'g', kind: 'model', from: 2, attributes: call }),
  ]);
  expect([...rows.tokensIn]).toEqual([200, 100, 100, 100]);
  expect([...rows.nanoUsd]).toEqual([10, 5, 5, 5]);
  expect([...rows.summed]).toEqual([1, 0, 1, 0]);
});

test('what is under way has no end, and what waited has been ready before', () => {
  const rows = buildRows([
    span('a', { kind: 'turn', status: 'open', took: null }),
    span('t', {
      parent: 'a',
      from: 50,
      took: 5,
      attributes: { 'pryx.planned_at': '2026-01-02T00:00:00.020Z' },
    }),
  ]);
  expect(rows.isOpen).toBe(true);
  expect(rows.stop[0]).toBe(Number.POSITIVE_INFINITY);
  expect(rows.ready[1]).toBe(20);
});

test('folding hides what is beneath', () => {
  const rows = buildRows([
    span('a', { kind: 'turn' }),
    span('b', { parent: 'a', kind: 'agent', from: 1 }),
    span('c', { parent: 'b', from: 2 }),
    span('d', { parent: 'a', from: 3 }),
  ]);
  expect([...visibleRows(rows, new Set(['b']))]).toEqual([0, 1, 3]);
  expect(neighbour(rows, 1, 1)).toBe(3);
  expect(neighbour(rows, 3, 1)).toBe(3);
});

test('a span that ended takes the place of the open one; one that is not known is added', () => {
  const out = merged(
    [span('a', { status: 'open', took: null })],
    new Map([
      ['a', span('a')],
      ['b', span('b')],
    ]),
  );
  expect(out.map((one) => [one.span_id, one.status])).toEqual([
    ['a', 'ok'],
    ['b', 'ok'],
  ]);
});

test('times of nanoseconds are read to the microsecond', () => {
  const read = timeReader();
  const base = Date.parse('2026-01-02T00:00:00Z');
  expect(read('2026-01-02T00:00:01.234567890Z') - base).toBeCloseTo(1234.56789, 3);
  expect(read('2026-01-02T00:01:00Z') - base).toBe(60_000);
});

test('a chain as deep as it is long is laid out without recursion', () => {
  const deep = Array.from({ length: 20_000 }, (_, i) =>
    span(`s${i}`, { parent: i ? `s${i - 1}` : null, from: i }),
  );
  expect(buildRows(deep).after[0]).toBe(20_000);
});

test('links lead to where the rule and the question are shown', () => {
  expect(ruleWords('default policy: tools.allowed: shell.exec when read_only_commands')).toBe('shell.exec');
  expect(ruleWords('rules[1] deny net.*')).toBe('rules[1] deny net.*');
  const asked = (decision: string) =>
    approvalSearch(
      span('a', { attributes: { 'pryx.approval.id': 'apr_1', 'pryx.approval.decision': decision } }),
    );
  expect(asked('approved')).toEqual({ tab: 'decided', open: 'apr_1' });
  expect(asked('pending')).toEqual({});
});
