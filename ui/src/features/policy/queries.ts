// SPDX-License-Identifier: MIT
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, type Schemas, take } from '@/api/client';

export type Policy = Schemas['Policy'];
export type Verdict = Schemas['Decision']['decision'];

export function usePolicy() {
  // The file can be edited outside, which no event tells: coming back to the page asks again.
  return useQuery({
    queryKey: ['policy'],
    queryFn: () => take(api.GET('/api/v1/policy')),
    refetchOnWindowFocus: 'always',
    refetchOnMount: 'always',
  });
}

export function useTemplates() {
  return useQuery({
    queryKey: ['policy', 'templates'],
    queryFn: async () => (await take(api.GET('/api/v1/policy/templates'))).items,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export { useTools } from '@/api/queries';

export function useReach(tool: string) {
  return useQuery({
    queryKey: ['policy', 'can', tool],
    queryFn: () => take(api.GET('/api/v1/policy/can', { params: { query: { tool } } })),
    enabled: tool !== '',
  });
}

// The whole text against the hash of what was seen; a stale one is refused with 409.
export function useSave() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ text, hash }: { text: string; hash: string }) =>
      take(api.PUT('/api/v1/policy', { params: { header: { 'If-Match': `"${hash}"` } }, body: { text } })),
    onSuccess: (policy) => {
      queries.setQueryData(['policy'], policy);
      void queries.invalidateQueries({ queryKey: ['policy'] });
    },
  });
}

export function useDecide() {
  return useMutation({
    mutationFn: (body: Schemas['PolicyTestRequest']) => take(api.POST('/api/v1/policy/test', { body })),
  });
}

export function useGrants() {
  return useQuery({
    queryKey: ['grants'],
    queryFn: async () => (await take(api.GET('/api/v1/grants'))).items,
  });
}

export function useRevoke() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => take(api.DELETE('/api/v1/grants/{id}', { params: { path: { id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['grants'] }),
  });
}

export function useExpire() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id, expires }: { id: string; expires: string }) =>
      take(api.PATCH('/api/v1/grants/{id}', { params: { path: { id } }, body: { expires } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['grants'] }),
  });
}

// What the daemon says of a text: its problems by line, and its tests.
export function useCheck(text: string, on = true) {
  return useQuery({
    queryKey: ['policy', 'check', text],
    queryFn: () => take(api.POST('/api/v1/policy/check', { body: { text } })),
    enabled: on && text.trim() !== '',
    placeholderData: (before) => before,
    gcTime: 60_000,
  });
}

export function useReplay() {
  return useMutation({
    mutationFn: (body: Schemas['PolicyReplayRequest']) => take(api.POST('/api/v1/policy/replay', { body })),
  });
}

export function useHistory() {
  return useQuery({
    queryKey: ['policy', 'history'],
    queryFn: async () =>
      (await take(api.GET('/api/v1/policy/history', { params: { query: { limit: 100 } } }))).items,
  });
}

export function useVersion(version: number | undefined, against: number | undefined) {
  return useQuery({
    queryKey: ['policy', 'history', version, against],
    queryFn: () =>
      take(
        api.GET('/api/v1/policy/history/{version}', {
          params: {
            path: { version: String(version) },
            query: against === undefined ? {} : { against: String(against) },
          },
        }),
      ),
    enabled: version !== undefined,
  });
}
