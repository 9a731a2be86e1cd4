// SPDX-License-Identifier: MIT
import { useQueries } from '@tanstack/react-query';
import { api, type Schemas, take } from '@/api/client';

export type Approval = Schemas['Approval'];
export const kDecidedStates = ['approved', 'denied', 'expired', 'superseded'] as const;
// The daemon's longest page; the list has no cursor.
export const kDecidedMost = 200;

type State = (typeof kDecidedStates)[number];

const listOf = (state: State) => ({
  queryKey: ['approvals', state],
  queryFn: async () =>
    (await take(api.GET('/api/v1/approvals', { params: { query: { state, limit: kDecidedMost } } }))).items,
});

export { usePending } from '@/api/queries';

// What was answered or ran out, newest first.
export function useDecided() {
  return useQueries({
    queries: kDecidedStates.map(listOf),
    combine: (lists) => {
      const failed = lists.find((list) => list.isError);
      const ready = lists.every((list) => list.data !== undefined);
      const rows = lists.flatMap((list) => list.data ?? []);
      rows.sort((a, b) => decidedAt(b).localeCompare(decidedAt(a)));
      return {
        rows: ready ? rows : undefined,
        error: failed?.error,
        full: lists.some((list) => list.data?.length === kDecidedMost),
        refetch: () => {
          for (const list of lists) void list.refetch();
        },
      };
    },
  });
}

export function decidedAt(approval: Approval): string {
  return approval.resolved_at ?? approval.expires_at;
}
