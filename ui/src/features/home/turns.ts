// SPDX-License-Identifier: MIT
// The turns that matter here: those that run, and those that ended badly in the last day. The API lists no turns, so they are found by
// their traces: questions that wait, what the audit log saw, and what the bus says from the first look at this page on.
import { useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { create } from 'zustand';
import { api, type Schemas, take } from '@/api/client';
import { usePending } from '@/api/queries';
import { bus } from '@/bus/bus';
import { useBusEvent } from '@/bus/use-bus-event';

export type Turn = Schemas['Turn'];
export type Approval = Schemas['Approval'];

const kDayMs = 86_400_000;
const kMostTurns = 40;
const kDismissed = 'pryx_home_dismissed';

const useSeen = create<{ ids: string[] }>(() => ({ ids: [] }));
bus.on('turn.started', ({ payload }) => {
  const id = String(payload.turn_id);
  useSeen.setState(({ ids }) => (ids.includes(id) ? { ids } : { ids: [id, ...ids].slice(0, kMostTurns) }));
});

function useTraces() {
  return useQuery({
    queryKey: ['home', 'traces'],
    queryFn: async () => {
      const after = new Date(Date.now() - kDayMs).toISOString();
      const [recent, unknown] = await Promise.all([
        take(api.GET('/api/v1/audit', { params: { query: { action: 'tool.intent', after, limit: 100 } } })),
        take(api.GET('/api/v1/audit', { params: { query: { action: 'tool.unknown', limit: 20 } } })),
      ]);
      return [...unknown.items, ...recent.items].flatMap((entry) => entry.turn_id ?? []);
    },
  });
}

export function useTurns() {
  const pending = usePending();
  const traces = useTraces();
  const seen = useSeen((state) => state.ids);
  const queries = useQueryClient();
  const ids = useMemo(
    () =>
      [
        ...new Set([...(pending.data ?? []).map((one) => one.turn_id), ...seen, ...(traces.data ?? [])]),
      ].slice(0, kMostTurns),
    [pending.data, seen, traces.data],
  );
  // Only the turn that an event is about is asked for again.
  const again = ({ event, payload }: { event: string; payload: Record<string, unknown> }) => {
    if (event !== 'turn.delta') void queries.invalidateQueries({ queryKey: ['home-turn', payload.turn_id] });
  };
  useBusEvent('turn.*', again);
  useBusEvent('step.*', again);
  useBusEvent('tool.started', again);
  useBusEvent('approval.*', again);
  const turns = useQueries({
    queries: ids.map((id) => ({
      queryKey: ['home-turn', id],
      queryFn: () => take(api.GET('/api/v1/turns/{id}', { params: { path: { id } } })),
      staleTime: 10_000,
    })),
    combine: (all) => ({
      turns: all.flatMap((one) => one.data ?? []),
      settled: all.every((one) => !one.isPending),
    }),
  });
  return { ...turns, pending, traces, settled: turns.settled && traces.data !== undefined };
}

export const isOpen = (turn: Turn) => ['queued', 'running', 'waiting'].includes(turn.state);

export function endedBadly(turn: Turn, now = Date.now()): boolean {
  if (turn.state === 'needs_attention') return true;
  return turn.state === 'failed' && now - Date.parse(turn.ended_at ?? turn.created_at) < kDayMs;
}

// What a person has seen and put away, in this browser.
function stored(): string[] {
  try {
    const value = JSON.parse(localStorage.getItem(kDismissed) ?? '[]');
    return Array.isArray(value) ? value.map(String) : [];
  } catch {
    return [];
  }
}
export const useDismissed = create<{ ids: string[] }>(() => ({ ids: stored() }));
export function dismiss(id: string): void {
  const ids = [id, ...useDismissed.getState().ids].slice(0, 200);
  localStorage.setItem(kDismissed, JSON.stringify(ids));
  useDismissed.setState({ ids });
}
export function undismiss(id: string): void {
  const ids = useDismissed.getState().ids.filter((one) => one !== id);
  localStorage.setItem(kDismissed, JSON.stringify(ids));
  useDismissed.setState({ ids });
}
