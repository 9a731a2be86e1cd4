// SPDX-License-Identifier: MIT
// Models: what can answer, who provides it, and what runs on this machine.
import { useNavigate, useSearch } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useMemo, useState } from 'react';
import { useActions } from '@/actions/actions';
import { addMessages, t } from '@/i18n';
import { Button } from '@/ui/button';
import { Page } from '@/ui/page';
import { Tabs } from '@/ui/tabs';
import { LocalServers } from './local-servers';
import { modelsMessages } from './messages';
import { ModelTable } from './model-table';
import { ProviderDialog } from './provider-dialog';
import { ProviderList } from './provider-list';
import { useModels, useProviders } from './queries';

addMessages(modelsMessages);

const kTabs = ['models', 'providers', 'local'] as const;

export function ModelsPage() {
  const search: { tab?: string } = useSearch({ strict: false });
  const navigate = useNavigate();
  const tab = kTabs.find((name) => name === search.tab) ?? 'models';
  const [adding, setAdding] = useState(false);
  const models = useModels();
  const providers = useProviders();
  const actions = useMemo(
    () => [
      {
        id: 'models.add',
        label: t('providers.add'),
        group: t('palette.here'),
        keys: ['n'],
        icon: Plus,
        run: () => setAdding(true),
      },
    ],
    [],
  );
  useActions(actions);
  return (
    <Page
      title={t('models.title')}
      lead={t('models.lead')}
      primary={
        <Button kind="primary" icon={Plus} keys="n" onClick={() => setAdding(true)}>
          {t('providers.add')}
        </Button>
      }
    >
      <Tabs
        label={t('models.tabs')}
        value={tab}
        onChange={(value) =>
          void navigate({ to: '.', search: { tab: value === 'models' ? undefined : value } })
        }
        tabs={[
          { value: 'models', label: t('models.tab.models'), count: models.data?.items.length },
          { value: 'providers', label: t('models.tab.providers'), count: providers.data?.items.length },
          { value: 'local', label: t('models.tab.local') },
        ]}
      >
        {tab === 'models' && <ModelTable query={models} onAdd={() => setAdding(true)} />}
        {tab === 'providers' && <ProviderList query={providers} />}
        {tab === 'local' && <LocalServers />}
      </Tabs>
      {adding && <ProviderDialog onClose={() => setAdding(false)} />}
    </Page>
  );
}
