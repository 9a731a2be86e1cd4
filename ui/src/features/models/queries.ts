// SPDX-License-Identifier: MIT
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, type Schemas, take } from '@/api/client';

export function useModels() {
  return useQuery({ queryKey: ['models'], queryFn: () => take(api.GET('/api/v1/models')) });
}

export function useCatalog() {
  return useQuery({
    queryKey: ['models', 'catalog'],
    queryFn: () => take(api.GET('/api/v1/models/catalog')),
  });
}

export function useProviders() {
  return useQuery({ queryKey: ['providers'], queryFn: () => take(api.GET('/api/v1/providers')) });
}

export function usePresets() {
  return useQuery({
    queryKey: ['providers', 'presets'],
    queryFn: () => take(api.GET('/api/v1/providers/presets')),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

function useChange<In, Out>(change: (input: In) => Promise<Out>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () =>
      Promise.all(
        ['providers', 'models', 'settings', 'status'].map((key) =>
          queries.invalidateQueries({ queryKey: [key] }),
        ),
      ),
  });
}

export function useSaveProvider() {
  return useChange(({ name, ...body }: { name: string } & Schemas['ProviderRequest']) =>
    take(api.PUT('/api/v1/providers/{id}', { params: { path: { id: name } }, body })),
  );
}

export function useRemoveProvider() {
  return useChange((name: string) =>
    take(api.DELETE('/api/v1/providers/{id}', { params: { path: { id: name } } })),
  );
}

export function useTestProvider() {
  return useMutation({
    mutationFn: (name: string) =>
      take(api.POST('/api/v1/providers/{id}/test', { params: { path: { id: name } } })),
  });
}

export function useSetDefaultModel() {
  return useChange((model: string) =>
    take(api.PUT('/api/v1/settings', { body: { settings: { 'model.default': model } } })),
  );
}
