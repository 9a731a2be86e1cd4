// SPDX-License-Identifier: MIT
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
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

// Sessions by name, for the rows that are sessions.
export function useSessionTitles(on: boolean) {
  return useQuery({
    queryKey: ['sessions', 'titles'],
    queryFn: async () => {
      const { items } = await take(api.GET('/api/v1/sessions', { params: { query: { limit: 200 } } }));
      return new Map(items.map((one) => [one.id, one.title]));
    },
    enabled: on,
  });
}
