// SPDX-License-Identifier: MIT
import { keepPreviousData, useMutation, useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api, type Schemas, take } from '@/api/client';
import type { Range } from './range';

export type Group = Schemas['CostGroup'];
export type Report = Schemas['CostReport'];
export type Budget = Schemas['Budget'];
export const kGroups = ['day', 'month', 'session', 'model', 'provider', 'agent', 'surface'] as const;
export type GroupBy = (typeof kGroups)[number];

export function useCosts(groupBy: GroupBy, range: Range, session?: string) {
  const query = { group_by: groupBy, ...range, ...(session ? { session } : {}) };
  return useQuery({
    queryKey: ['costs', query],
    queryFn: () => take(api.GET('/api/v1/costs', { params: { query } })),
    placeholderData: keepPreviousData,
  });
}

export { useBudgets } from '@/api/queries';

export function usePutBudget() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (budget: Schemas['BudgetChange']) =>
      take(api.PUT('/api/v1/budgets', { body: { budgets: [budget] } })),
    onSuccess: (list) => {
      queries.setQueryData(['budgets'], list.items);
      void queries.invalidateQueries({ queryKey: ['home'] });
    },
  });
}

// Keyed beside the sessions, whose events would make hundreds of names stale that hardly ever change.
const kNamed = { staleTime: 5 * 60_000 };

const titleQuery = (id: string) => ({
  ...kNamed,
  queryKey: ['titles', id],
  queryFn: async () => {
    const { title } = await take(api.GET('/api/v1/sessions/{id}', { params: { path: { id } } }));
    return [id, title] as const;
  },
});

// Sessions by name. The newest come in one answer; of the others, those in `wanted` are asked for one by one. Who knows no name (a session
// that was deleted, an answer that has not come) shows the id.
export function useSessionTitles(on: boolean, wanted: string[]): Map<string, string> {
  const newest = useQuery({
    ...kNamed,
    queryKey: ['titles'],
    queryFn: async () => {
      const { items } = await take(api.GET('/api/v1/sessions', { params: { query: { limit: 200 } } }));
      return items.map(({ id, title }) => [id, title] as const);
    },
    enabled: on,
  });
  const known = useMemo(() => new Map(newest.data), [newest.data]);
  const missing = on && !newest.isPending ? wanted.filter((id) => id && !known.has(id)) : [];
  const others = useQueries({
    queries: missing.map(titleQuery),
    combine: (found) => found.flatMap(({ data }) => (data ? [data] : [])),
  });
  return useMemo(() => new Map([...known, ...others]), [known, others]);
}

// The name of one session, asked for when it is in sight.
export const useSessionTitle = (id: string, on: boolean) =>
  useQuery({ ...titleQuery(id), enabled: on }).data?.[1];
