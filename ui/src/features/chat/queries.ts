// SPDX-License-Identifier: MIT
import {
  type QueryClient,
  useInfiniteQuery,
  useMutation,
  useQueries,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { api, type Schemas, take } from '@/api/client';
import { usePending } from '@/api/queries';
import { useBusState } from '@/bus/bus';
import { useBusEvent } from '@/bus/use-bus-event';
import { live } from './live';
import type { Message } from './transcript';

export { useAgents, useModels, useSession, useStatus, useWorkspaces } from '@/api/queries';

export type Approval = Schemas['Approval'];
export type Turn = Schemas['Turn'];
export type Session = Schemas['Session'];

const kListPage = 50;
const kMessagePage = 200;
const kFreshPage = 50;
const kGroupMs = 120;
const kLookBack = 2;
const kEnded = new Set<string>(['completed', 'failed', 'cancelled']);

export const isEnded = (turn: Turn | undefined): boolean => turn !== undefined && kEnded.has(turn.state);

export function useSessionList(query: string) {
  return useInfiniteQuery({
    queryKey: ['sessions', 'chat', query],
    initialPageParam: '',
    queryFn: ({ pageParam }) =>
      take(
        api.GET('/api/v1/sessions', {
          params: {
            query: {
              limit: kListPage,
              ...(query ? { query } : { status: 'active' }),
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
        }),
      ),
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: (before) => before,
  });
}

// Oldest first, from some message on to the end. `older`: there are messages before it. `stale`: what is there may have changed.
export type Transcript = { items: Message[]; older: boolean; stale: boolean };

async function ask(id: string, limit: number, before: string | undefined) {
  const query = { limit, sort: 'newest' as const, ...(before ? { before } : {}) };
  const page = await take(api.GET('/api/v1/sessions/{id}/messages', { params: { path: { id }, query } }));
  return { items: page.items.toReversed(), older: page.next_cursor !== null };
}

// `fresh` is the end of the transcript. null: it does not reach back to what is known.
export function joinEnd(known: Message[], fresh: Message[]): Message[] | null {
  const places = new Map(known.map((message, index) => [message.id, index]));
  const first = fresh.find((message) => places.has(message.id));
  return first ? [...known.slice(0, places.get(first.id)), ...fresh] : null;
}

// A conversation opens at its end. Messages are only added, so what is known is not asked for again.
async function loadTranscript(queries: QueryClient, id: string): Promise<Transcript> {
  const cached = () => queries.getQueryData<Transcript>(['messages', id]);
  const begun = cached();
  const wanted = begun?.stale ? begun.items.length : 0;
  let { items, older } = await ask(id, begun && !begun.stale ? kFreshPage : kMessagePage, undefined);
  for (;;) {
    // Older messages may have come meanwhile.
    const known = cached();
    const joined = known && !known.stale ? joinEnd(known.items, items) : null;
    if (known && joined) return { items: joined, older: known.older, stale: false };
    if (!older || (items.length >= wanted && (!known || known.stale))) return { items, older, stale: false };
    const before = await ask(id, kMessagePage, items[0]?.id);
    items = [...before.items, ...items];
    older = before.older;
  }
}

export function useOlder(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async () => {
      const first = queries.getQueryData<Transcript>(['messages', id])?.items[0];
      if (!first) return;
      const page = await ask(id, kMessagePage, first.id);
      queries.setQueryData<Transcript>(['messages', id], (old) =>
        old && old.items[0]?.id === first.id
          ? { ...old, items: [...page.items, ...old.items], older: page.older }
          : old,
      );
    },
  });
}

export function useTranscript(id: string | undefined) {
  const queries = useQueryClient();
  return useQuery({
    queryKey: ['messages', id],
    enabled: id !== undefined,
    queryFn: () => loadTranscript(queries, id ?? ''),
    structuralSharing: false,
  });
}

const turnQuery = (id: string) => ({
  queryKey: ['turns', id],
  // Turns that were scrolled past are not waited for.
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    take(api.GET('/api/v1/turns/{id}', { params: { path: { id } }, signal })),
  // What has ended does not change any more.
  enabled: (query: { state: { data: Turn | undefined } }) => !isEnded(query.state.data),
});

export function useTurn(id: string) {
  const query = useQuery(turnQuery(id));
  const { data } = query;
  useEffect(() => {
    if (data) live.takeWhole(data);
  }, [data]);
  return query;
}

// Turns of the end of a transcript that are not over, oldest first. Looks further back as long as it finds any.
export function useOpenTurns(turns: string[]): Turn[] {
  const [back, setBack] = useState(kLookBack);
  const looked = turns.slice(-back);
  const found = useQueries({ queries: looked.map(turnQuery) });
  const result = found.flatMap(({ data }) => (data && !isEnded(data) ? [data] : []));
  useEffect(() => setBack(result.length + kLookBack), [result.length]);
  return result;
}

// What waits in a conversation, by the turn it is shown at. A sub-agent's questions stand at the turn that started it.
export function usePendingApprovals(session: string, atWork: boolean): Map<string, Approval[]> {
  const pending = usePending().data;
  const elsewhere = pending?.some((approval) => approval.session_id !== session) ?? false;
  const children = useQuery({
    queryKey: ['sessions', 'children', session],
    enabled: atWork && elsewhere,
    queryFn: () => take(api.GET('/api/v1/sessions/{id}/children', { params: { path: { id: session } } })),
  }).data?.items;
  return useMemo(() => {
    const byTurn = new Map<string, Approval[]>();
    // Oldest first.
    for (const approval of [...(pending ?? [])].sort((a, b) => (a.id < b.id ? -1 : 1))) {
      const child = children?.find((one) => one.id === approval.session_id);
      const turn = approval.session_id === session ? approval.turn_id : child?.parent_turn_id;
      if (turn) byTurn.set(turn, [...(byTurn.get(turn) ?? []), approval]);
    }
    return byTurn;
  }, [pending, children, session]);
}

export function useContextReport(session: string | undefined) {
  return useQuery({
    queryKey: ['context', session],
    enabled: session !== undefined,
    queryFn: () =>
      take(api.GET('/api/v1/sessions/{id}/context', { params: { path: { id: session ?? '' } } })),
  });
}

// Hands the bus to the live turns of a session, and loads anew what events say is on disk by now.
export function useLiveFeed(session: string | undefined, openTurns: Turn[]): void {
  const queries = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const stale = useRef(new Set<string>());
  const connection = useBusState((state) => state.connection);
  const open = useRef(openTurns);
  open.current = openTurns;
  useBusEvent('*', (event) => {
    if (!session || event.session_id !== session) return;
    live.take(event);
    if (event.event.startsWith('context.'))
      queries.setQueryData<Transcript>(['messages', session], (old) => old && { ...old, stale: true });
    if (/^(step\.|tool\.(requested|finished))/.test(event.event)) {
      stale.current.add('messages');
      if (event.event.startsWith('step.')) stale.current.add('context');
      timer.current ??= setTimeout(() => {
        timer.current = undefined;
        for (const key of stale.current) void queries.invalidateQueries({ queryKey: [key, session] });
        stale.current.clear();
      }, kGroupMs);
    }
  });
  useEffect(() => {
    live.onMissing = (turn) => void queries.invalidateQueries({ queryKey: ['turns', turn] });
    return () => {
      live.onMissing = () => {};
      clearTimeout(timer.current);
      timer.current = undefined;
    };
  }, [queries]);
  // What was streamed while nobody listened is in the turn.
  useEffect(() => {
    if (connection !== 'live') return;
    for (const turn of open.current) void queries.invalidateQueries({ queryKey: ['turns', turn.id] });
  }, [connection, queries]);
}
