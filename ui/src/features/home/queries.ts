// SPDX-License-Identifier: MIT
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, take } from '@/api/client';
import { Problem } from '@/api/problem';

const kDayMs = 86_400_000;

export { useBudgets, useSession as useSessionTitle, useStatus } from '@/api/queries';

export function useDiagnostics() {
  return useQuery({
    queryKey: ['status', 'diagnostics'],
    queryFn: () => take(api.GET('/api/v1/diagnostics')),
  });
}

export function useToday() {
  const from = new Date(Math.floor(Date.now() / kDayMs) * kDayMs).toISOString();
  return useQuery({
    queryKey: ['costs', 'today', from],
    queryFn: async () =>
      (await take(api.GET('/api/v1/costs', { params: { query: { group_by: 'model', from } } }))).total,
  });
}

// Only who may manage tokens sees them; for others there is nothing to say.
export function useEndingTokens() {
  return useQuery({
    queryKey: ['tokens', 'ending'],
    queryFn: async () => {
      try {
        const soon = Date.now() + 7 * kDayMs;
        const { items } = await take(api.GET('/api/v1/tokens'));
        return items.filter((token) => token.expires_at && Date.parse(token.expires_at) < soon);
      } catch (error) {
        if (error instanceof Problem && error.status === 403) return [];
        throw error;
      }
    },
  });
}

export function usePolicyState() {
  return useQuery({
    queryKey: ['policy'],
    queryFn: () => take(api.GET('/api/v1/policy')),
  });
}

// Whether there is anything at all: a workspace or a session.
export function useFirstRun() {
  return useQuery({
    queryKey: ['sessions', 'any'],
    queryFn: async () => {
      const [sessions, workspaces] = await Promise.all([
        take(api.GET('/api/v1/sessions', { params: { query: { limit: 1 } } })),
        take(api.GET('/api/v1/workspaces')),
      ]);
      return sessions.items.length === 0 && workspaces.items.length === 0;
    },
  });
}

export function useCancel() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => take(api.POST('/api/v1/turns/{id}/cancel', { params: { path: { id } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: ['turns'] }),
  });
}
