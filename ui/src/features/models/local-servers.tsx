// SPDX-License-Identifier: MIT
import { t } from '@/i18n';
import { LocalServers as Found } from '@/parts/local-servers';
import { ErrorNote } from '@/ui/states';
import { toast } from '@/ui/toast';
import { useSaveProvider } from './queries';

export function LocalServers() {
  const save = useSaveProvider();
  return (
    <div className="flex max-w-4xl flex-col gap-3">
      {save.isError && <ErrorNote error={save.error} what={t('providers.save.failed')} />}
      <Found
        onAdd={(server) =>
          save.mutate(
            { name: server.name, kind: server.kind, base_url: server.base_url, no_key: true },
            { onSuccess: () => toast(t('providers.saved', { name: server.name })) },
          )
        }
      />
    </div>
  );
}
