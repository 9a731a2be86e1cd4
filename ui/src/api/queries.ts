// SPDX-License-Identifier: MIT
// What several features ask the daemon for. One key has one shape: who finds an answer in the cache must find what it would have got.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, type Schemas, take } from './client';

export const useStatus = () =>
  useQuery({ queryKey: ['status'], queryFn: () => take(api.GET('/api/v1/status')) });

export const useModels = (on = true) =>
  useQuery({ queryKey: ['models'], enabled: on, queryFn: () => take(api.GET('/api/v1/models')) });

export const usePresets = () =>
  useQuery({
    queryKey: ['providers', 'presets'],
    queryFn: () => take(api.GET('/api/v1/providers/presets')),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const useWorkspaces = () =>
  useQuery({ queryKey: ['workspaces'], queryFn: () => take(api.GET('/api/v1/workspaces')) });

// Names only.
export const useSecrets = () =>
  useQuery({ queryKey: ['secrets'], queryFn: () => take(api.GET('/api/v1/secrets')) });

export const useAgents = () =>
  useQuery({ queryKey: ['agents'], queryFn: () => take(api.GET('/api/v1/agents')) });

export const useTools = () =>
  useQuery({ queryKey: ['tools'], queryFn: async () => (await take(api.GET('/api/v1/tools'))).items });

export const useBudgets = () =>
  useQuery({ queryKey: ['budgets'], queryFn: async () => (await take(api.GET('/api/v1/budgets'))).items });

export const useSession = (id: string | undefined) =>
  useQuery({
    queryKey: ['sessions', 'one', id],
    enabled: id !== undefined,
    queryFn: () => take(api.GET('/api/v1/sessions/{id}', { params: { path: { id: id ?? '' } } })),
  });

// The daemon's longest page, and how many of them at most: more than a person answers one by one.
const kPendingPage = 200;
const kPendingPages = 10;

// Newest first, to the end of the list: the oldest run out first.
async function allPending(): Promise<Schemas['Approval'][]> {
  const all: Schemas['Approval'][] = [];
  let query: { state: string; limit: number; cursor?: string } = { state: 'pending', limit: kPendingPage };
  for (let page = 0; page < kPendingPages; page += 1) {
    const { items, next_cursor: next } = await take(api.GET('/api/v1/approvals', { params: { query } }));
    all.push(...items);
    if (!next) break;
    query = { ...query, cursor: next };
  }
  return all;
}

export const usePending = () => useQuery({ queryKey: ['approvals', 'pending'], queryFn: allPending });

// A change, and what it makes stale.
export function useChange<In, Out>(keys: string[], change: (input: In) => Promise<Out>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => Promise.all(keys.map((key) => queries.invalidateQueries({ queryKey: [key] }))),
  });
}
