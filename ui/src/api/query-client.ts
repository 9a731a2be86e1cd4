// SPDX-License-Identifier: MIT
// The cache of what the daemon said. The bus tells what became stale (bus/resync.ts); nothing is asked for again by time alone.
import { QueryCache, QueryClient } from '@tanstack/react-query';
import { isSignedOut, Problem } from './problem';

// Called when the daemon no longer knows this browser.
let onSignedOut: () => void = () => {};
export function whenSignedOut(handler: () => void): void {
  onSignedOut = handler;
}

export function newQueryClient(): QueryClient {
  const client = new QueryClient({
    queryCache: new QueryCache({
      // A locked vault answers 401 as well. Whether this browser is known, the status alone tells.
      onError: (error, query) => {
        if (!isSignedOut(error)) return;
        if (query.queryKey[0] === 'status') onSignedOut();
        else void client.invalidateQueries({ queryKey: ['status'] });
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        gcTime: 10 * 60_000,
        refetchOnWindowFocus: false,
        // A problem is an answer; only silence is worth another try.
        retry: (count, error) => !(error instanceof Problem) && count < 2,
        networkMode: 'always',
      },
      mutations: { retry: false, networkMode: 'always' },
    },
  });
  return client;
}

export const queryClient = newQueryClient();
