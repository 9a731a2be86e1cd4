// SPDX-License-Identifier: MIT
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, type Schemas, take } from '@/api/client';
import { useChange } from '@/api/queries';

export { usePresets, useSecrets, useStatus, useWorkspaces } from '@/api/queries';

// Of one provider, the model to take first in front: a vendor also lists what paints, speaks or only completes.
export const useModelsOf = (provider: string) =>
  useQuery({
    queryKey: ['models', 'of', provider],
    queryFn: () => take(api.GET('/api/v1/models', { params: { query: { provider, sort: 'suggested' } } })),
  });

export const useProviders = () =>
  useQuery({ queryKey: ['providers'], queryFn: () => take(api.GET('/api/v1/providers')) });

export const useAddWorkspace = () =>
  useChange(['workspaces'], (path: string) => take(api.POST('/api/v1/workspaces', { body: { path } })));

type NewProvider = { name: string } & Schemas['ProviderRequest'];

// Saved and tried: a provider that does not answer is no step further.
async function addProvider({ name, ...body }: NewProvider) {
  await take(api.PUT('/api/v1/providers/{id}', { params: { path: { id: name } }, body }));
  return take(api.POST('/api/v1/providers/{id}/test', { params: { path: { id: name } } }));
}

export function useAddProvider() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: addProvider,
    onSettled: () => {
      // Which names are free for the servers of this machine has changed. Looking for them takes seconds: nobody waits.
      void queries.invalidateQueries({ queryKey: ['local-servers'] });
      return Promise.all(
        ['providers', 'models'].map((key) => queries.invalidateQueries({ queryKey: [key] })),
      );
    },
  });
}

// The default model of everything that names none. `provider` is added first where it is not known.
export const useChooseModel = () =>
  useChange(
    ['providers', 'models', 'settings', 'status', 'local-servers'],
    async ({ model, provider }: { model: string; provider?: NewProvider }) => {
      if (provider) {
        const { name, ...body } = provider;
        await take(api.PUT('/api/v1/providers/{id}', { params: { path: { id: name } }, body }));
      }
      await take(api.PUT('/api/v1/settings', { body: { settings: { 'model.default': model } } }));
      return model;
    },
  );

// A session in the workspace with its first message; the answer streams on the chat page.
export const useStartTask = () =>
  useChange(['sessions'], async ({ workspace, text }: { workspace: string | undefined; text: string }) => {
    const session = await take(api.POST('/api/v1/sessions', { body: workspace ? { workspace } : {} }));
    await take(
      api.POST('/api/v1/sessions/{id}/messages', { params: { path: { id: session.id } }, body: { text } }),
    );
    return session;
  });
