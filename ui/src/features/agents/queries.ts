// SPDX-License-Identifier: MIT
import { useQuery } from '@tanstack/react-query';
import { api, take } from '@/api/client';
import { useChange } from '@/api/queries';

export const useAgent = (id: string) =>
  useQuery({
    queryKey: ['agents', id],
    queryFn: () => take(api.GET('/api/v1/agents/{id}', { params: { path: { id } } })),
  });

export const useSkills = () =>
  useQuery({ queryKey: ['skills'], queryFn: () => take(api.GET('/api/v1/skills')) });

export const useSkill = (name: string) =>
  useQuery({
    queryKey: ['skills', name],
    queryFn: () => take(api.GET('/api/v1/skills/{name}', { params: { path: { name } } })),
  });

export const useSubAgents = () =>
  useQuery({
    queryKey: ['turns', 'subagents'],
    queryFn: () => take(api.GET('/api/v1/subagents', { params: { query: { limit: 200 } } })),
  });

export { useAgents, useTools } from '@/api/queries';

export const useSaveAgent = () =>
  useChange(['agents'], ({ id, text, hash }: { id: string; text: string; hash: string | undefined }) =>
    take(
      api.PUT('/api/v1/agents/{id}', { params: { path: { id } }, body: { text, ...(hash ? { hash } : {}) } }),
    ),
  );

export const useRemoveAgent = () =>
  useChange(['agents'], (id: string) =>
    take(api.DELETE('/api/v1/agents/{id}', { params: { path: { id } } })),
  );

export const useCancelSubAgent = () =>
  useChange(['turns'], (id: string) =>
    take(api.POST('/api/v1/subagents/{id}/cancel', { params: { path: { id } } })),
  );
