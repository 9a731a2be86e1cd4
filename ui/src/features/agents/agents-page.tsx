// SPDX-License-Identifier: MIT
// Agents as files, the skills they may load, the tools there are, and sub-agents at work.
import { useNavigate, useSearch } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useMemo } from 'react';
import { type Action, useActions } from '@/actions/actions';
import { addMessages, t } from '@/i18n';
import { Button } from '@/ui/button';
import { Page } from '@/ui/page';
import { Tabs } from '@/ui/tabs';
import { AgentList } from './agent-list';
import { agentsMessages } from './messages';
import { SkillList } from './skill-list';
import { SubAgentList } from './sub-agent-list';
import { ToolList } from './tool-list';

addMessages(agentsMessages);

const kTabs = ['agents', 'skills', 'work', 'tools'] as const;

export function AgentsPage() {
  const search: { tab?: string; agent?: string } = useSearch({ strict: false });
  const navigate = useNavigate();
  const tab = kTabs.find((name) => name === search.tab) ?? 'agents';
  const actions = useMemo(
    (): Action[] => [
      {
        id: 'agents.new',
        label: t('agents.new'),
        group: t('palette.here'),
        keys: ['n'],
        icon: Plus,
        run: () => void navigate({ to: '/agents', search: { agent: '+' } }),
      },
      {
        id: 'skills.add',
        label: t('skills.add'),
        group: t('palette.here'),
        icon: Plus,
        run: () => void navigate({ to: '/agents', search: { tab: 'skills', skill: '+' } }),
      },
    ],
    [navigate],
  );
  useActions(actions);
  return (
    <Page
      title={t('agents.title')}
      lead={t('agents.lead')}
      primary={
        tab === 'skills' ? (
          <Button
            kind="primary"
            icon={Plus}
            onClick={() => void navigate({ to: '/agents', search: { tab, skill: '+' } })}
          >
            {t('skills.add')}
          </Button>
        ) : (
          <Button
            kind="primary"
            icon={Plus}
            keys="n"
            onClick={() => void navigate({ to: '/agents', search: { agent: '+' } })}
          >
            {t('agents.new')}
          </Button>
        )
      }
    >
      <Tabs
        label={t('agents.tabs')}
        value={tab}
        onChange={(value) =>
          void navigate({ to: '.', search: { tab: value === 'agents' ? undefined : value } })
        }
        tabs={kTabs.map((value) => ({ value, label: t(`agents.tab.${value}`) }))}
      >
        {tab === 'agents' && <AgentList chosen={search.agent} />}
        {tab === 'skills' && <SkillList />}
        {tab === 'work' && <SubAgentList />}
        {tab === 'tools' && <ToolList />}
      </Tabs>
    </Page>
  );
}
