// SPDX-License-Identifier: MIT
import type { UseQueryResult } from '@tanstack/react-query';
import { Ellipsis } from 'lucide-react';
import { useState } from 'react';
import type { Schemas } from '@/api/client';
import { t } from '@/i18n';
import { Button, IconButton } from '@/ui/button';
import { Confirm } from '@/ui/dialog';
import { Table } from '@/ui/list';
import { Menu } from '@/ui/menu';
import { ErrorNote, Loaded } from '@/ui/states';
import { Chip, Status } from '@/ui/status';
import { toast } from '@/ui/toast';
import { ProviderDialog } from './provider-dialog';
import { useRemoveProvider, useTestProvider } from './queries';

type Provider = Schemas['Provider'];
const kStates = { ready: 'ok', failing: 'failed', recovering: 'retrying' } as const;

function Row({
  provider,
  onEdit,
  onRemove,
}: {
  provider: Provider;
  onEdit: () => void;
  onRemove: () => void;
}) {
  const test = useTestProvider();
  return (
    <tr>
      <td className="font-medium">
        {provider.name} {provider.built_in && <Chip tone="idle" text={t('providers.builtin')} />}
      </td>
      <td>
        {provider.kind}
        {provider.api && ` · ${provider.api}`}
      </td>
      <td className="min-w-40 font-mono text-label wrap-anywhere">{provider.base_url ?? '–'}</td>
      <td>{provider.built_in ? '–' : t(provider.has_key ? 'providers.key.has' : 'providers.key.none')}</td>
      <td>
        <Status state={kStates[provider.state]} />
        {test.data && (
          <p className="mt-1 text-label text-ok">
            {t('providers.test.ok', { name: provider.name, count: test.data.models })}
          </p>
        )}
        {test.isError && (
          <ErrorNote error={test.error} what={t('providers.test.failed', { name: provider.name })} />
        )}
      </td>
      <td className="whitespace-nowrap">
        <Button
          small
          aria-label={t('providers.test.name', { name: provider.name })}
          busy={test.isPending}
          onClick={() => test.mutate(provider.name)}
        >
          {t('providers.test')}
        </Button>{' '}
        {!provider.built_in && (
          <Menu
            label={t('providers.actions', { name: provider.name })}
            trigger={
              <IconButton small icon={Ellipsis} label={t('providers.actions', { name: provider.name })} />
            }
            items={[
              { label: t('providers.edit'), run: onEdit },
              'line',
              { label: t('providers.rm'), run: onRemove, danger: true },
            ]}
          />
        )}
      </td>
    </tr>
  );
}

export function ProviderList({ query }: { query: UseQueryResult<{ items: Provider[] }> }) {
  const [editing, setEditing] = useState<Provider | null>(null);
  const [removing, setRemoving] = useState<Provider | null>(null);
  const remove = useRemoveProvider();
  return (
    <Loaded query={query} what={t('providers.error')}>
      {(data) => (
        <>
          <Table
            label={t('models.tab.providers')}
            head={[
              t('providers.name'),
              t('providers.kind'),
              t('providers.url'),
              t('providers.key'),
              'State',
              'Actions',
            ]}
          >
            {data.items.map((provider) => (
              <Row
                key={provider.name}
                provider={provider}
                onEdit={() => setEditing(provider)}
                onRemove={() => setRemoving(provider)}
              />
            ))}
          </Table>
          {editing && <ProviderDialog provider={editing} onClose={() => setEditing(null)} />}
          {removing && (
            <Confirm
              open
              onClose={() => setRemoving(null)}
              busy={remove.isPending}
              title={t('providers.rm.title', { name: removing.name })}
              effect={t('providers.rm.effect')}
              verb={t('providers.rm')}
              onConfirm={() =>
                remove.mutate(removing.name, {
                  onSuccess: () => {
                    toast(t('providers.removed', { name: removing.name }));
                    setRemoving(null);
                  },
                })
              }
            >
              {remove.isError ? (
                <ErrorNote error={remove.error} what={t('providers.rm.failed')} />
              ) : undefined}
            </Confirm>
          )}
        </>
      )}
    </Loaded>
  );
}
