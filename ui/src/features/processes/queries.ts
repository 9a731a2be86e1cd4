// SPDX-License-Identifier: MIT
import { useQuery } from '@tanstack/react-query';
import { api, type Schemas, take } from '@/api/client';
import { useChange } from '@/api/queries';

export type Process = Schemas['Process'];

const kLines = 100;
const kLookMs = 1000;

// Newest first and whole: the daemon forgets the oldest of those that ended.
export const useProcesses = (session: string | undefined) =>
  useQuery({
    queryKey: ['processes', 'list', session],
    queryFn: () =>
      take(api.GET('/api/v1/processes', { params: { query: session ? { session_id: session } : {} } })),
  });

// With the end of its output. Not every mode tells of output on the bus, so one that runs is looked at while it is shown.
export const useProcess = (id: string) =>
  useQuery({
    queryKey: ['processes', 'one', id],
    queryFn: () =>
      take(api.GET('/api/v1/processes/{id}', { params: { path: { id }, query: { lines: kLines } } })),
    staleTime: 0,
    refetchInterval: (query) => (query.state.data?.state === 'running' ? kLookMs : false),
  });

export const useWriteTo = () =>
  useChange(['processes'], ({ id, ...body }: { id: string } & Schemas['ProcessInput']) =>
    take(api.POST('/api/v1/processes/{id}/input', { params: { path: { id } }, body })),
  );

export const useStopProcess = () =>
  useChange(['processes'], (id: string) =>
    take(api.DELETE('/api/v1/processes/{id}', { params: { path: { id } } })),
  );
