// SPDX-License-Identifier: MIT
import type { UseQueryResult } from '@tanstack/react-query';
import { Ellipsis } from 'lucide-react';
import { useMemo, useState } from 'react';
import { type Action, useActions } from '@/actions/actions';
import { menuItem } from '@/actions/menu-item';
import type { Schemas } from '@/api/client';
import { t } from '@/i18n';
import { RemoveDialog } from '@/parts/remove-dialog';
import { Button, IconButton } from '@/ui/button';
import { Table } from '@/ui/list';
import { Menu } from '@/ui/menu';
import { ErrorNote, Loaded } from '@/ui/states';
import { Chip, Status } from '@/ui/status';
import { ProviderDialog } from './provider-dialog';
import { useRemoveProvider, useTestProvider } from './queries';

type Provider = Schemas['Provider'];
const kStates = { ready: 'ok', failing: 'failed', recovering: 'retrying' } as const;

// What can be done with one provider, once for its menu and the palette.
type Commands = { edit: Action; remove: Action };

function Row({ provider, commands }: { provider: Provider; commands: Commands | undefined }) {
  const test = useTestProvider();
  const { name } = provider;
  const { mutate } = test;
  useActions(
    useMemo(
      () => [
        {
          id: `providers.test.${name}`,
          label: t('providers.test.name', { name }),
          group: t('palette.here'),
          writes: true,
          run: () => mutate(name),
        },
      ],
      [name, mutate],
    ),
  );
  return (
    <tr>
      <td className="font-medium">
        {name} {provider.built_in && <Chip tone="idle" text={t('providers.builtin')} />}
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
            {t('providers.test.ok', { name, count: test.data.models })}
          </p>
        )}
        {test.isError && <ErrorNote error={test.error} what={t('providers.test.failed', { name })} />}
      </td>
      <td className="whitespace-nowrap">
        <Button
          small
          aria-label={t('providers.test.name', { name })}
          busy={test.isPending}
          onClick={() => test.mutate(name)}
        >
          {t('providers.test')}
        </Button>{' '}
        {commands && (
          <Menu
            label={t('providers.actions', { name })}
            trigger={<IconButton small icon={Ellipsis} label={t('providers.actions', { name })} />}
            items={[menuItem(commands.edit), 'line', menuItem(commands.remove, true)]}
          />
        )}
      </td>
    </tr>
  );
}

const kNone: Provider[] = [];

function useCommands(
  providers: Provider[],
  onEdit: (provider: Provider) => void,
  onRemove: (provider: Provider) => void,
): Map<string, Commands> {
  const commands = useMemo(() => {
    const one = (provider: Provider, verb: string, label: string, run: Action['run']): Action => ({
      id: `providers.${verb}.${provider.name}`,
      label: t(label, { name: provider.name }),
      group: t('palette.here'),
      run,
    });
    return new Map(
      providers
        .filter((provider) => !provider.built_in)
        .map((provider) => [
          provider.name,
          {
            edit: one(provider, 'edit', 'providers.edit', () => onEdit(provider)),
            remove: one(provider, 'remove', 'providers.rm.name', () => onRemove(provider)),
          },
        ]),
    );
  }, [providers, onEdit, onRemove]);
  useActions(useMemo(() => [...commands.values()].flatMap(({ edit, remove }) => [edit, remove]), [commands]));
  return commands;
}

export function ProviderList({ query }: { query: UseQueryResult<{ items: Provider[] }> }) {
  const [editing, setEditing] = useState<Provider | null>(null);
  const [removing, setRemoving] = useState<Provider | null>(null);
  const remove = useRemoveProvider();
  const commands = useCommands(query.data?.items ?? kNone, setEditing, setRemoving);
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
              t('ui.col.state'),
              t('ui.col.actions'),
            ]}
          >
            {data.items.map((provider) => (
              <Row key={provider.name} provider={provider} commands={commands.get(provider.name)} />
            ))}
          </Table>
          {editing && <ProviderDialog provider={editing} onClose={() => setEditing(null)} />}
          {removing && (
            <RemoveDialog
              kind="providers"
              name={removing.name}
              id={removing.name}
              remove={remove}
              onClose={() => setRemoving(null)}
            />
          )}
        </>
      )}
    </Loaded>
  );
}
