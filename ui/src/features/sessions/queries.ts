// SPDX-License-Identifier: MIT
// The list of sessions and what is known about each row. The list takes events in place.
import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { api, type Schemas, take } from '@/api/client';
import { type KeysetList, useKeyset } from '@/api/keyset';
import { useWorkspaces } from '@/api/queries';
import type { BusEvent } from '@/bus/bus';
import { useBusEvent } from '@/bus/use-bus-event';
import type { Row, SessionQuery } from './query';

export type Session = Schemas['Session'];

const kPage = 200;
// While a filter of this page lets little through, so many pages are looked through without being asked.
const kPagesAtOnce = 10;
const kWantedRows = 60;

function fits(row: Session, query: SessionQuery): boolean {
  const { server } = query;
  if (server.query) return false;
  if (server.status && row.status !== server.status) return false;
  if (server.state && row.last_state !== server.state) return false;
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
    if (event.event === 'session.deleted') list.drop(event.payload.session_id);
    else if (event.payload.session) put(event.payload.session as Session);
  });
  useRefreshed(list, put);
  return { ...held, put };
}

// What happens in a session changes its row, but not every event carries that: each is asked for once per moment.
function useRefreshed(list: KeysetList<Row>, put: (session: Session) => void): void {
  const waiting = useRef(new Set<string>());
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const again = (event: BusEvent) => {
    if (!event.session_id || event.event === 'turn.delta') return;
    // One that is not in the list may belong to it by now, unless it was found by words.
    if (!list.has(event.session_id) && !event.event.startsWith('turn.')) return;
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
  };
  useBusEvent('message.created', again);
  useBusEvent('turn.*', again);
  useBusEvent('approval.*', again);
}

// The rows that pass this page's own filters; more pages are read while few do.
export function useNarrowed(held: ReturnType<typeof useSessionRows>, query: SessionQuery) {
  const rows = useMemo(() => {
    const test = query.local;
    return test ? held.rows.filter((row) => test(row)) : held.rows;
  }, [held.rows, query.local]);
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
