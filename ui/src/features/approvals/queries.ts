// SPDX-License-Identifier: MIT
import { useQuery } from '@tanstack/react-query';
import { api, type Schemas, take } from '@/api/client';
import { useKeyset } from '@/api/keyset';
import { useBusEvent } from '@/bus/use-bus-event';

export type Approval = Schemas['Approval'];
export const kDecidedStates = ['approved', 'denied', 'expired', 'superseded'] as const;
const kPage = 100;

export { usePending } from '@/api/queries';

// What was answered or ran out, newest first; `outcome` is one of the states, or empty.
export function useDecided(outcome: string) {
  const state = outcome || 'decided';
  const held = useKeyset<Approval>(
    state,
    (cursor) => take(api.GET('/api/v1/approvals', { params: { query: { state, limit: kPage, cursor } } })),
    (row) => row.id,
  );
  const { list } = held;
  // The event is the approval itself.
  useBusEvent('approval.resolved', ({ payload }) => {
    const row = payload as Approval;
    list.put(row, !outcome || row.state === outcome);
  });
  return held;
}

// One that the list does not hold yet, as a link names it.
export function useDecidedOne(id: string | undefined, rows: Approval[]): Approval | undefined {
  const here = rows.find((row) => row.id === id);
  const query = useQuery({
    queryKey: ['approvals', 'one', id],
    queryFn: () => take(api.GET('/api/v1/approvals/{id}', { params: { path: { id: id ?? '' } } })),
    enabled: id !== undefined && !here,
  });
  return here ?? (query.data?.id === id ? query.data : undefined);
}

export function decidedAt(approval: Approval): string {
  return approval.resolved_at ?? approval.expires_at;
}
