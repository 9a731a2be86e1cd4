// SPDX-License-Identifier: MIT
import { useNavigate, useSearch } from '@tanstack/react-router';
import { Wand2 } from 'lucide-react';
import { addMessages, t } from '@/i18n';
import { Button } from '@/ui/button';
import { Page } from '@/ui/page';
import { Tabs } from '@/ui/tabs';
import { ConfigFile } from './config-file';
import { Devices } from './devices';
import { General } from './general';
import { Look } from './look';
import { settingsMessages } from './messages';
import { Secrets } from './secrets';
import { Tokens } from './tokens';
import { Workspaces } from './workspaces';

addMessages(settingsMessages);

const kTabs = {
  general: General,
  workspaces: Workspaces,
  secrets: Secrets,
  tokens: Tokens,
  devices: Devices,
  file: ConfigFile,
  look: Look,
};
type Tab = keyof typeof kTabs;

export function SettingsPage() {
  const search: { tab?: string } = useSearch({ strict: false });
  const navigate = useNavigate();
  const tab: Tab = search.tab && search.tab in kTabs ? (search.tab as Tab) : 'general';
  const Body = kTabs[tab];
  return (
    <Page
      title={t('settings.title')}
      secondary={
        <Button icon={Wand2} onClick={() => void navigate({ to: '/welcome', search: {} })}>
          {t('shell.setup')}
        </Button>
      }
    >
      <Tabs
        label={t('settings.tabs')}
        value={tab}
        onChange={(value) =>
          void navigate({ to: '.', search: { tab: value === 'general' ? undefined : value } })
        }
        tabs={(Object.keys(kTabs) as Tab[]).map((value) => ({ value, label: t(`settings.tab.${value}`) }))}
      >
        <Body />
      </Tabs>
    </Page>
  );
}
