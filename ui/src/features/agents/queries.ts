// SPDX-License-Identifier: MIT
import { useQuery } from '@tanstack/react-query';
import { api, type Schemas, take } from '@/api/client';
import { useChange } from '@/api/queries';
import type { SkillFile } from './skill-check';

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

export { useAgents, useModels, useTools } from '@/api/queries';

// Of a file that is not there yet: the daemon takes no text without the hash of what it replaces.
export const kNoFile = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

export const useSaveAgent = () =>
  useChange(['agents'], ({ id, text, hash }: { id: string; text: string; hash: string }) =>
    take(api.PUT('/api/v1/agents/{id}', { params: { path: { id } }, body: { text, hash } })),
  );

export const useRemoveAgent = () =>
  useChange(['agents'], (id: string) =>
    take(api.DELETE('/api/v1/agents/{id}', { params: { path: { id } } })),
  );

export const useCancelSubAgent = () =>
  useChange(['turns'], (id: string) =>
    take(api.POST('/api/v1/subagents/{id}/cancel', { params: { path: { id } } })),
  );

// The files beside SKILL.md, as they are sent back with it.
export const useSkillFiles = (name: string, paths: string[]) =>
  useQuery({
    queryKey: ['skills', name, 'files', paths],
    gcTime: 0,
    queryFn: () =>
      Promise.all(
        paths.map(async (path): Promise<SkillFile> => {
          const file = await take(
            api.GET('/api/v1/skills/{name}/file', { params: { path: { name }, query: { path } } }),
          );
          const { text, base64, executable } = file;
          return {
            path,
            ...(text === null ? { base64: base64 ?? '' } : { text }),
            ...(executable === undefined ? {} : { executable }),
          };
        }),
      ),
  });

export const usePutSkill = () =>
  useChange(['skills'], ({ name, ...body }: { name: string } & Schemas['SkillRequest']) =>
    take(api.PUT('/api/v1/skills/{name}', { params: { path: { name } }, body })),
  );

export const useRemoveSkill = () =>
  useChange(['skills'], (name: string) =>
    take(api.DELETE('/api/v1/skills/{name}', { params: { path: { name } } })),
  );
