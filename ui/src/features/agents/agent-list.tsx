// SPDX-License-Identifier: MIT
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { Schemas } from '@/api/client';
import { t } from '@/i18n';
import { Button } from '@/ui/button';
import { Confirm } from '@/ui/dialog';
import { TextArea, TextField } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';
import { Facts } from '@/ui/page';
import { Empty, ErrorNote, Loaded } from '@/ui/states';
import { Chip } from '@/ui/status';
import { toast } from '@/ui/toast';
import { useAgent, useAgents, useRemoveAgent, useSaveAgent } from './queries';

type Agent = Schemas['Agent'];

const kBegin = 'description: \nsystem_prompt: |\n  You are …\n';

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

function Editor({
  id,
  agent,
  onClose,
}: {
  id: string;
  agent: Schemas['AgentView'] | null;
  onClose: () => void;
}) {
  const [name, setName] = useState(id);
  const [text, setText] = useState(agent?.text || kBegin);
  const [removing, setRemoving] = useState(false);
  const save = useSaveAgent();
  const remove = useRemoveAgent();
  const submit = () =>
    save.mutate(
      { id: name, text, hash: agent?.hash },
      {
        onSuccess: () => {
          toast(t('agents.saved', { id: name }));
          onClose();
        },
      },
    );
  return (
    <FormDialog
      wide
      title={agent ? t('agents.edit', { id }) : t('agents.new')}
      verb={t('agents.save')}
      busy={save.isPending}
      valid={name !== ''}
      error={save.error}
      failed={t('agents.save.failed')}
      aside={
        agent &&
        !agent.built_in && (
          <Button kind="danger" onClick={() => setRemoving(true)}>
            {t('agents.rm')}
          </Button>
        )
      }
      onSave={submit}
      onClose={onClose}
    >
      {!agent && (
        <TextField
          label={t('agents.new.name')}
          hint={t('agents.new.hint')}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      )}
      {agent && (
        <Facts
          facts={[
            [t('agents.tools'), agent.tools?.join(', ') ?? t('agents.tools.all')],
            [
              t('agents.limits'),
              Object.entries(agent.limits ?? {})
                .map(([limit, value]) => `${limit} ${value}`)
                .join(', ') || t('agents.limits.none'),
            ],
          ]}
        />
      )}
      {(agent?.problems?.length ?? 0) > 0 && (
        <ul
          role="alert"
          aria-label={t('agents.problems')}
          className="rounded-card border border-bad bg-bad-soft p-2 text-dense text-text"
        >
          {agent?.problems?.map((problem) => (
            <li key={`${problem.line}${problem.key}`}>
              {t('agents.problem', { line: problem.line, key: problem.key, message: problem.message })}
            </li>
          ))}
        </ul>
      )}
      <TextArea
        label={t('agents.text')}
        hint={agent?.path}
        rows={16}
        spellCheck={false}
        className="font-mono text-label"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      {removing && (
        <Confirm
          open
          onClose={() => setRemoving(false)}
          busy={remove.isPending}
          title={t('agents.rm.title', { id })}
          effect={t('agents.rm.effect')}
          verb={t('agents.rm')}
          onConfirm={() => remove.mutate(id, { onSuccess: onClose })}
        >
          {remove.isError ? <ErrorNote error={remove.error} what={t('agents.rm.failed')} /> : undefined}
        </Confirm>
      )}
    </FormDialog>
  );
}

function OpenAgent({ id, onClose }: { id: string; onClose: () => void }) {
  const agent = useAgent(id);
  if (agent.data) return <Editor key={agent.data.hash} id={id} agent={agent.data} onClose={onClose} />;
  return agent.isError ? <ErrorNote error={agent.error} what={t('agents.error')} /> : null;
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
          {chosen === '+' && <Editor id="" agent={null} onClose={() => open()} />}
          {chosen && chosen !== '+' && <OpenAgent id={chosen} onClose={() => open()} />}
        </>
      )}
    </Loaded>
  );
}
