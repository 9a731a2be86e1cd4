// SPDX-License-Identifier: MIT
// Requests by number, with those on top that came since; and one of them.
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { api, type Schemas, take } from '@/api/client';
import { useKeyset } from '@/api/keyset';
import { useBusEvent } from '@/bus/use-bus-event';

export type Sent = Schemas['EgressRequest'];

// The daemon's longest page.
const kPage = 200;
const kFresh = 50;
const kFreshPauseMs = 800;

const fetchPage = (cursor: string | undefined, limit = kPage) =>
  take(api.GET('/api/v1/egress', { params: { query: { limit, cursor } } }));

export function useSent() {
  const held = useKeyset<Sent>('egress', fetchPage, (row) => String(row.number));
  const { list } = held;
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  // Each end of a request is an entry of the audit log, and that tells when it has grown.
  useBusEvent('audit.head', () => {
    timer.current ??= setTimeout(async () => {
      timer.current = undefined;
      try {
        const { items } = await fetchPage(undefined, kFresh);
        // A gap would hide requests: then it is read from the start.
        if (items.length === kFresh && !items.some((row) => list.has(String(row.number)))) void list.reload();
        else for (const row of items.toReversed()) list.put(row, true);
      } catch {
        // The next event, or the page's own error, tells.
      }
    }, kFreshPauseMs);
  });
  return held;
}

// Its cursor is the number behind it: that is how one request is named.
export function useOne(number: number, rows: Sent[]) {
  const here = rows.find((row) => row.number === number);
  const query = useQuery({
    queryKey: ['egress', 'one', number],
    queryFn: async () => {
      const { items } = await fetchPage(String(number + 1), 1);
      return items.find((row) => row.number === number) ?? null;
    },
    enabled: number > 0 && !here,
  });
  return {
    row: here ?? query.data ?? undefined,
    isMissing: !here && query.data === null,
    error: here ? null : query.error,
  };
}
