// SPDX-License-Identifier: MIT
// What a trace amounts to, in numbers for one sentence. Pure.
import { type Rows, shortName } from './model';

export type Summary = {
  tookMs: number;
  modelCalls: number;
  toolCalls: number;
  failed: number;
  retries: number;
  waitedMs: number;
  queuedMs: number;
  slowest: string;
  slowestMs: number;
};

export function summarise(rows: Rows, now: number): Summary {
  const sum: Summary = {
    tookMs: rows.isOpen ? Math.max(rows.end, now) : rows.end,
    modelCalls: 0,
    toolCalls: 0,
    failed: 0,
    retries: 0,
    waitedMs: 0,
    queuedMs: 0,
    slowest: '',
    slowestMs: 0,
  };
  for (let i = 0; i < rows.count; i += 1) {
    const span = rows.spans[i];
    if (!span) continue;
    const took = Math.min(rows.stop[i] ?? 0, now) - (rows.start[i] ?? 0);
    const isCall = span.kind === 'model' || span.kind === 'compaction';
    if (isCall) sum.modelCalls += 1;
    if (span.kind === 'tool') sum.toolCalls += 1;
    if (span.kind === 'approval') sum.waitedMs += took;
    if (span.kind === 'queue') sum.queuedMs += took;
    if (span.kind === 'turn' || span.kind === 'agent') continue;
    if (span.status === 'error' || span.status === 'denied' || span.status === 'interrupted') sum.failed += 1;
    if ((rows.attempt[i] ?? 0) > 1) sum.retries += 1;
    if ((isCall || span.kind === 'tool') && took > sum.slowestMs) {
      sum.slowest = shortName(span);
      sum.slowestMs = took;
    }
  }
  return sum;
}
