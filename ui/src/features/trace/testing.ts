// SPDX-License-Identifier: MIT
// Spans for tests.
import type { Kind, Span } from './model';

const kBegin = Date.parse('2026-01-02T00:00:00Z');

type Options = {
  parent?: string | null;
  kind?: Kind;
  from?: number;
  took?: number | null;
  status?: Span['status'];
  name?: string;
  attributes?: Record<string, unknown>;
};

export function span(id: string, options: Options = {}): Span {
  const { parent = null, kind = 'tool', from = 0, took = 1, status = 'ok', attributes = {} } = options;
  return {
    trace_id: 'f'.repeat(32),
    span_id: id,
    parent_span_id: parent,
    session_id: 'ses_1',
    turn_id: 'trn_1',
    step_id: null,
    kind,
    name: options.name ?? `execute_tool ${id}`,
    started_at: new Date(kBegin + from).toISOString(),
    ended_at: took === null ? null : new Date(kBegin + from + took).toISOString(),
    duration_us: took === null ? null : took * 1000,
    status,
    message: null,
    attributes,
  };
}
