// SPDX-License-Identifier: MIT
// The list of sessions and what is known about each row. The list takes events in place; costs are asked for as far back as rows are there.
import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { api, type Schemas, take } from '@/api/client';
import { type KeysetList, useKeyset } from '@/api/keyset';
import { usePending, useWorkspaces } from '@/api/queries';
import { useBusEvent } from '@/bus/use-bus-event';
import type { Row, SessionQuery, Spent } from './query';

export type Session = Schemas['Session'];

const kPage = 200;
// While a filter of this page lets little through, so many pages are looked through without being asked.
const kPagesAtOnce = 10;
const kWantedRows = 60;
const kCostBatchMs = 400;

function fits(row: Session, query: SessionQuery): boolean {
  const { server } = query;
  if (server.query) return false;
  if (server.status && row.status !== server.status) return false;
  if (server.agent && row.agent !== server.agent) return false;
  if (server.after && row.updated_at < server.after) return false;
  return !server.before || row.updated_at < server.before;
}

const keyOf = (row: Row) => row.id;

// Rows as pages come, changed and added by events.
export function useSessionRows(query: SessionQuery) {
  const key = JSON.stringify(query.server);
  const held = useKeyset<Row>(
    key,
    (cursor) =>
      take(api.GET('/api/v1/sessions', { params: { query: { ...query.server, limit: kPage, cursor } } })),
    keyOf,
  );
  const { list } = held;
  const latest = useRef(query);
  latest.current = query;
  const put = useCallback(
    (session: Session) => {
      const old = list.view().rows.find((row) => row.id === session.id);
      const wanted = latest.current.server.query ? list.has(session.id) : fits(session, latest.current);
      list.put({ ...session, snippet: old?.snippet ?? null }, wanted);
    },
    [list],
  );
  useBusEvent('session.*', (event) => {
    if (event.event === 'session.deleted') list.drop(String(event.payload.session_id));
    else if (event.payload.session) put(event.payload.session as Session);
  });
  useRefreshed(list, put);
  return { ...held, put };
}

// A message changes a session's count and time, but its event does not carry them: each is asked for once per moment.
function useRefreshed(list: KeysetList<Row>, put: (session: Session) => void): void {
  const waiting = useRef(new Set<string>());
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  useBusEvent('message.created', (event) => {
    if (!event.session_id || !list.has(event.session_id)) return;
    waiting.current.add(event.session_id);
    timer.current ??= setTimeout(async () => {
      timer.current = undefined;
      const ids = [...waiting.current];
      waiting.current.clear();
      for (const id of ids) {
        try {
          put(await take(api.GET('/api/v1/sessions/{id}', { params: { path: { id } } })));
        } catch {
          // It may be deleted by now; then its own event says so.
        }
      }
    }, 500);
  });
}

type Costs = { from: string; spent: Map<string, Spent> };

async function readCosts(from: string): Promise<Costs> {
  const report = await take(
    api.GET('/api/v1/costs', { params: { query: { group_by: 'session', ...(from ? { from } : {}) } } }),
  );
  const spent = new Map<string, Spent>();
  for (const group of report.items)
    spent.set(group.key, {
      tokens: group.usage.input_tokens + group.usage.output_tokens,
      cost: group.cost ? Number(group.cost.amount) : 0,
    });
  return { from, spent };
}

// What sessions have cost, back to the oldest row that is there: then each of those is complete. Asked for again only when rows reach
// back twice as far. `all`: a filter needs every one.
export function useCosts(rows: Row[], all: boolean) {
  const [from, setFrom] = useState<string | null>(null);
  const oldest = useMemo(() => {
    let least = '';
    for (const row of rows) if (least === '' || row.created_at < least) least = row.created_at;
    return least;
  }, [rows]);
  useEffect(() => {
    if (all) return setFrom('');
    if (!oldest || (from !== null && (from === '' || from <= oldest))) return undefined;
    const now = Date.now();
    setFrom(new Date(now - (now - Date.parse(oldest)) * 2 - 60_000).toISOString());
    return undefined;
  }, [oldest, all, from]);
  const query = useQuery({
    queryKey: ['session-costs', from],
    queryFn: () => readCosts(from ?? ''),
    enabled: from !== null,
    placeholderData: (old: Costs | undefined) => old,
    structuralSharing: false,
    gcTime: 30_000,
  });
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const { refetch } = query;
  useBusEvent('cost.updated', () => {
    const pause = Math.max(kCostBatchMs, (query.data?.spent.size ?? 0) / 5);
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      void refetch();
    }, pause);
  });
  return query;
}

// The rows that pass this page's own filters; more pages are read while few do.
export function useNarrowed(
  held: ReturnType<typeof useSessionRows>,
  query: SessionQuery,
  costs: ReturnType<typeof useCosts>,
) {
  const spent = costs.data?.spent;
  const isReady = !query.needsCosts || spent !== undefined;
  const rows = useMemo(() => {
    const test = query.local;
    if (!test) return held.rows;
    return isReady ? held.rows.filter((row) => test(row, spent?.get(row.id))) : [];
  }, [held.rows, query.local, spent, isReady]);
  const [allowed, setAllowed] = useState(kPagesAtOnce);
  const { list, state, pages } = held;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another list starts to count anew
  useEffect(() => setAllowed(kPagesAtOnce), [list]);
  const isSparse = state === 'idle' && rows.length < kWantedRows && pages > 0;
  useEffect(() => {
    if (isSparse && pages < allowed) void list.more();
  }, [isSparse, pages, allowed, list]);
  return {
    rows,
    lookedThrough: held.rows.length,
    canLookFurther: isSparse && pages >= allowed,
    lookFurther: () => setAllowed((old) => old + kPagesAtOnce),
  };
}

export { useAgents } from '@/api/queries';

// Sessions in which something waits for a person.
export function useWaiting(): ReadonlySet<string> {
  const query = usePending();
  return useMemo(() => new Set(query.data?.map((one) => one.session_id)), [query.data]);
}

// What turns say while this page is open: a session's own state does not tell whether something runs in it.
export function useTurnStates(): ReadonlyMap<string, string> {
  const [states, setStates] = useState<ReadonlyMap<string, string>>(new Map());
  useBusEvent('turn.*', (event) => {
    const id = event.session_id;
    const word = {
      'turn.started': 'running',
      'turn.failed': 'failed',
      'turn.needs_attention': 'needs_attention',
      'turn.completed': '',
      'turn.cancelled': '',
    }[event.event];
    if (!id || word === undefined || (states.get(id) ?? '') === word) return;
    setStates((old) => new Map(old).set(id, word));
  });
  return states;
}

export function useTranscriptStart(id: string, limit: number) {
  return useQuery({
    queryKey: ['messages', id, 'start', limit],
    queryFn: () =>
      take(api.GET('/api/v1/sessions/{id}/messages', { params: { path: { id }, query: { limit } } })),
  });
}

export function useChildren(id: string) {
  return useQuery({
    queryKey: ['turns', 'children', id],
    queryFn: () => take(api.GET('/api/v1/sessions/{id}/children', { params: { path: { id } } })),
  });
}

export function useSessionCost(id: string) {
  return useQuery({
    queryKey: ['costs', 'session', id],
    queryFn: () => take(api.GET('/api/v1/costs', { params: { query: { session: id } } })),
    select: (report) => report.total,
  });
}

export function useWorkspaceNames(): ReadonlyMap<string, string> {
  const query = useWorkspaces();
  return useMemo(
    () => new Map(query.data?.items.map((one) => [one.id, one.private ? '' : one.path])),
    [query.data],
  );
}

const kMostPages = 100;

// The newest turn; transcripts are read oldest first, so that its end has to be walked to.
export async function lastTurn(id: string): Promise<string> {
  let turn = '';
  let cursor: string | undefined;
  for (let page = 0; page < kMostPages; page += 1) {
    const part = await take(
      api.GET('/api/v1/sessions/{id}/messages', {
        params: { path: { id }, query: { limit: kPage, cursor } },
      }),
    );
    for (const message of part.items) turn = message.turn_id ?? turn;
    if (!part.next_cursor) break;
    cursor = part.next_cursor;
  }
  return turn;
}
