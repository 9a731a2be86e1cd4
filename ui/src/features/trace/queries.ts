// SPDX-License-Identifier: MIT
// A trace, live: read once, then each span that ends is put in place, and what begins is asked for at most as often as reading takes.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { api, type Schemas, take } from '@/api/client';
import { useBusEvent } from '@/bus/use-bus-event';
import { daemonNow } from '@/lib/daemon-clock';
import { buildRows, type Rows, type Span } from './model';

export type Trace = Schemas['Trace'];

const kLeastPauseMs = 700;
// A trace that takes long to read is read less often: reading takes no more than this share of the time.
const kShare = 8;
const kTickMs = 250;
const kCalmTickMs = 5_000;

type Held = { trace: Trace; rows: Rows; loadMs: number };

async function load(turn: string): Promise<Held> {
  const from = performance.now();
  const trace = await take(api.GET('/api/v1/traces/{turn_id}', { params: { path: { turn_id: turn } } }));
  const rows = buildRows(trace.spans);
  return { trace: { ...trace, spans: rows.spans }, rows, loadMs: performance.now() - from };
}

export function merged(spans: Span[], news: Map<string, Span>): Span[] {
  const left = new Map(news);
  const out = spans.map((span) => {
    const newer = left.get(span.span_id);
    if (newer) left.delete(span.span_id);
    return newer ?? span;
  });
  return [...out, ...left.values()];
}

export function useTrace(turn: string) {
  const queries = useQueryClient();
  // Not under the resource's name: an event must not make thousands of spans be read anew.
  const key = useMemo(() => ['trace-held', turn], [turn]);
  const query = useQuery({
    queryKey: key,
    queryFn: () => load(turn),
    staleTime: Number.POSITIVE_INFINITY,
    structuralSharing: false,
    gcTime: 60_000,
  });
  const news = useRef(new Map<string, Span>());
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const again = useRef<ReturnType<typeof setTimeout>>(undefined);
  const held = query.data;
  const traceId = held?.trace.trace_id;
  const complete = held?.trace.complete;
  const loadMs = held?.loadMs ?? 0;

  const apply = useCallback(() => {
    timer.current = undefined;
    queries.setQueryData<Held>(key, (old) => {
      if (!old || news.current.size === 0) return old;
      const rows = buildRows(merged(old.trace.spans, news.current));
      news.current.clear();
      return { ...old, rows, trace: { ...old.trace, spans: rows.spans } };
    });
  }, [queries, key]);
  const reread = useCallback(() => {
    again.current ??= setTimeout(
      () => {
        again.current = undefined;
        void queries.invalidateQueries({ queryKey: key });
      },
      Math.max(kLeastPauseMs, loadMs * kShare),
    );
  }, [queries, key, loadMs]);
  useEffect(
    () => () => {
      clearTimeout(timer.current);
      clearTimeout(again.current);
      timer.current = undefined;
      again.current = undefined;
    },
    [],
  );

  useBusEvent('trace.span', (event) => {
    const span = event.payload as Span;
    if (span.trace_id !== traceId) return;
    news.current.set(span.span_id, span);
    timer.current ??= setTimeout(apply, Math.max(120, loadMs));
  });
  const mine = (payload: Record<string, unknown>) =>
    payload.turn_id === turn || held?.trace.spans.some((span) => span.turn_id === payload.turn_id);
  useBusEvent('step.started', (event) => mine(event.payload) && reread());
  useBusEvent('tool.started', (event) => mine(event.payload) && reread());
  useBusEvent('approval.*', (event) => event.session_id === held?.trace.session_id && reread());
  useBusEvent('turn.*', (event) => {
    if (event.event !== 'turn.delta' && !complete && mine(event.payload)) reread();
  });
  return query;
}

// Milliseconds since the trace began, moving while something is under way.
export function useNow(rows: Rows | undefined): number {
  const [now, setNow] = useState(() => daemonNow());
  const isOpen = rows?.isOpen ?? false;
  useEffect(() => {
    if (!isOpen) return undefined;
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    setNow(daemonNow());
    const pulse = setInterval(() => setNow(daemonNow()), calm ? kCalmTickMs : kTickMs);
    return () => clearInterval(pulse);
  }, [isOpen]);
  if (!rows) return 0;
  return rows.isOpen ? Math.max(rows.end, now - rows.origin) : rows.end;
}

// What a step was asked to do, for the span that is selected.
export function useStep(span: Span | undefined) {
  return useQuery({
    queryKey: ['turns', span?.turn_id],
    queryFn: () => take(api.GET('/api/v1/turns/{id}', { params: { path: { id: span?.turn_id ?? '' } } })),
    enabled: Boolean(span?.step_id),
    select: (turn) => turn.steps.find((step) => step.id === span?.step_id),
  });
}
