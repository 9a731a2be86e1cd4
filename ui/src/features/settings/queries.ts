// SPDX-License-Identifier: MIT
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, type Schemas, take } from '@/api/client';
import { useChange } from '@/api/queries';

export { useSecrets, useStatus, useWorkspaces } from '@/api/queries';

export const useSettings = () =>
  useQuery({ queryKey: ['settings'], queryFn: () => take(api.GET('/api/v1/settings')) });
export const useVault = () =>
  useQuery({ queryKey: ['vault'], queryFn: () => take(api.GET('/api/v1/vault')) });
export const useTokens = () =>
  useQuery({ queryKey: ['tokens'], queryFn: () => take(api.GET('/api/v1/tokens')) });
export const useConfigFile = () =>
  useQuery({ queryKey: ['config'], queryFn: () => take(api.GET('/api/v1/config')) });

// Null takes what Pryx itself changed away again: the file's or the default value counts. One after another: what was chosen last holds.
export function usePutSetting() {
  const queries = useQueryClient();
  return useMutation({
    scope: { id: 'settings' },
    mutationFn: ({ name, value }: { name: string; value: unknown }) =>
      take(api.PUT('/api/v1/settings', { body: { settings: { [name]: value } } })),
    onSuccess: () =>
      Promise.all(
        ['settings', 'status', 'models'].map((key) => queries.invalidateQueries({ queryKey: [key] })),
      ),
  });
}

export const useAddWorkspace = () =>
  useChange(['workspaces'], (path: string) => take(api.POST('/api/v1/workspaces', { body: { path } })));

export const useRemoveWorkspace = () =>
  useChange(['workspaces'], (id: string) =>
    take(api.DELETE('/api/v1/workspaces/{id}', { params: { path: { id } } })),
  );

export const usePutSecret = () =>
  useChange(['secrets'], ({ name, ...body }: { name: string } & Schemas['SecretRequest']) =>
    take(api.PUT('/api/v1/secrets/{name}', { params: { path: { name } }, body })),
  );

export const useRemoveSecret = () =>
  useChange(['secrets'], (name: string) =>
    take(api.DELETE('/api/v1/secrets/{name}', { params: { path: { name } } })),
  );

export const useLockVault = () =>
  useChange(['vault', 'secrets'], (_: undefined) => take(api.POST('/api/v1/vault/lock')));

export const useUnlockVault = () =>
  useChange(['vault', 'secrets'], (passphrase: string) =>
    take(api.POST('/api/v1/vault/unlock', { body: { passphrase } })),
  );

export const usePutPassphrase = () =>
  useChange(['vault', 'secrets'], (body: Schemas['PassphraseRequest']) =>
    take(api.PUT('/api/v1/vault/passphrase', { body })),
  );

export const useCreateToken = () =>
  useChange(['tokens'], (body: Schemas['TokenRequest']) => take(api.POST('/api/v1/tokens', { body })));

export const useRevokeToken = () =>
  useChange(['tokens'], (id: string) =>
    take(api.DELETE('/api/v1/tokens/{id}', { params: { path: { id } } })),
  );

export const useSaveConfig = () =>
  useChange(['config', 'settings', 'status'], (body: Schemas['TextRequest']) =>
    take(api.PUT('/api/v1/config', { body })),
  );

// A link, and its picture drawn by the daemon. Neither is kept in the cache.
export const useLoginLink = () =>
  useMutation({
    gcTime: 0,
    mutationFn: async () => {
      const link = await take(api.POST('/api/v1/login/links'));
      // It is for another device, which this machine's own address would lead to itself.
      const url = link.public_url ?? link.url;
      const drawn = await take(api.POST('/api/v1/qr', { body: { text: url }, parseAs: 'blob' }));
      return { ...link, url, drawn: drawn as unknown as Blob };
    },
  });
