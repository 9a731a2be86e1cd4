// SPDX-License-Identifier: MIT
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, type Schemas, take } from '@/api/client';
import { useChange } from '@/api/queries';

export { useModels, usePresets } from '@/api/queries';

export function useCatalog() {
  return useQuery({
    queryKey: ['models', 'catalog'],
    queryFn: () => take(api.GET('/api/v1/models/catalog')),
  });
}

export function useProviders() {
  return useQuery({ queryKey: ['providers'], queryFn: () => take(api.GET('/api/v1/providers')) });
}

// With the servers of this machine: which names are free for them has changed as well.
const kStale = ['providers', 'models', 'settings', 'status', 'local-servers'];

export function useSaveProvider() {
  return useChange(kStale, ({ name, ...body }: { name: string } & Schemas['ProviderRequest']) =>
    take(api.PUT('/api/v1/providers/{id}', { params: { path: { id: name } }, body })),
  );
}

export function useRemoveProvider() {
  return useChange(kStale, (name: string) =>
    take(api.DELETE('/api/v1/providers/{id}', { params: { path: { id: name } } })),
  );
}

export function useTestProvider() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (name: string) =>
      take(api.POST('/api/v1/providers/{id}/test', { params: { path: { id: name } } })),
    // How the provider is, is news either way.
    onSettled: () =>
      Promise.all(['providers', 'models'].map((key) => queries.invalidateQueries({ queryKey: [key] }))),
  });
}

export function useSetDefaultModel() {
  return useChange(kStale, (model: string) =>
    take(api.PUT('/api/v1/settings', { body: { settings: { 'model.default': model } } })),
  );
}
