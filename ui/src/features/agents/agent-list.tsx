// SPDX-License-Identifier: MIT
import { useNavigate } from '@tanstack/react-router';
import type { Schemas } from '@/api/client';
import { t } from '@/i18n';
import { Empty, Loaded } from '@/ui/states';
import { Chip } from '@/ui/status';
import { AgentEditor } from './agent-editor';
import { Opening } from './opening';
import { useAgent, useAgents } from './queries';

type Agent = Schemas['Agent'];

function AgentState({ agent }: { agent: Agent }) {
  if (agent.state === 'invalid') return <Chip tone="bad" shape="✕" text={t('agents.invalid')} />;
  if (agent.state === 'last_good') return <Chip tone="warn" shape="△" text={t('agents.last_good')} />;
  return agent.built_in ? <Chip tone="idle" text={t('agents.builtin')} /> : null;
}

function AgentCard({ agent, onOpen }: { agent: Agent; onOpen: () => void }) {
  return (
    <button
      type="button"
      onClick={onOpen}
      className="flex flex-col gap-1 rounded-card border border-line bg-surface p-3 text-left hover:border-control"
    >
      <span className="flex flex-wrap items-center gap-2">
        <span className="font-semibold">{agent.id}</span>
        <AgentState agent={agent} />
      </span>
      <span className="text-dense text-text-2">{agent.description}</span>
      <span className="font-mono text-label text-text-3">
        {[agent.model ?? t('agents.model.default'), ...(agent.fallbacks ?? [])].join(' → ')}
      </span>
    </button>
  );
}

function OpenAgent({ id, onClose }: { id: string; onClose: () => void }) {
  const agent = useAgent(id);
  return (
    <Opening query={agent} title={t('agents.edit', { id })} what={t('agents.view.failed')} onClose={onClose}>
      {(data) => <AgentEditor id={id} agent={data} onStale={() => void agent.refetch()} onClose={onClose} />}
    </Opening>
  );
}

export function AgentList({ chosen }: { chosen: string | undefined }) {
  const agents = useAgents();
  const navigate = useNavigate();
  const open = (agent?: string) => void navigate({ to: '/agents', search: { agent } });
  return (
    <Loaded
      query={agents}
      what={t('agents.error')}
      empty={(data) =>
        data.items.length === 0 && <Empty title={t('agents.empty')} why={t('agents.empty.why')} />
      }
    >
      {(data) => (
        <>
          <div className="grid gap-3 sm:grid-cols-2 xl:grid-cols-3">
            {data.items.map((agent) => (
              <AgentCard key={agent.id} agent={agent} onOpen={() => open(agent.id)} />
            ))}
          </div>
          {chosen === '+' && <AgentEditor id="" agent={null} onClose={() => open()} />}
          {chosen && chosen !== '+' && <OpenAgent key={chosen} id={chosen} onClose={() => open()} />}
        </>
      )}
    </Loaded>
  );
}
