// SPDX-License-Identifier: MIT
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { api, type Schemas, take } from '@/api/client';

export type MemoryType = Schemas['Memory']['type'];
const kPage = 50;

// A search ranks and comes whole; without words it is the list, newest first, page by page.
export function useMemories(words: string, type: MemoryType | undefined) {
  return useInfiniteQuery({
    queryKey: ['memory', words, type],
    initialPageParam: '',
    getNextPageParam: (page: Schemas['MemoryList']) => page.next_cursor ?? undefined,
    queryFn: ({ pageParam }) =>
      words
        ? take(
            api.POST('/api/v1/memory/search', {
              body: { query: words, limit: 100, ...(type ? { type } : {}) },
            }),
          )
        : take(
            api.GET('/api/v1/memory', {
              params: {
                query: {
                  limit: kPage,
                  ...(type ? { type } : {}),
                  ...(pageParam ? { cursor: pageParam } : {}),
                },
              },
            }),
          ),
  });
}

function useChange<In>(change: (input: In) => Promise<unknown>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => queries.invalidateQueries({ queryKey: ['memory'] }),
  });
}

export function useRemember() {
  return useChange((body: Schemas['MemoryRequest']) => take(api.POST('/api/v1/memory', { body })));
}

export function useForget() {
  return useChange((id: string) => take(api.DELETE('/api/v1/memory/{id}', { params: { path: { id } } })));
}
