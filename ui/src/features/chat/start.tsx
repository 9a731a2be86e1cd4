// SPDX-License-Identifier: MIT
// A conversation that has not begun: where it works, who answers, and something to begin with.
import { Link } from '@tanstack/react-router';
import { Hand } from 'lucide-react';
import { t } from '@/i18n';
import { Button } from '@/ui/button';
import { Select } from '@/ui/field';
import { useAgents, useStatus, useWorkspaces } from './queries';

const kStarters = ['chat.starter.files', 'chat.starter.todo', 'chat.starter.help'];

export function Starters({ onPick }: { onPick: (text: string) => void }) {
  const waiting = useStatus().data?.approvals_pending ?? 0;
  return (
    <div className="mx-auto flex w-full max-w-190 flex-1 flex-col justify-center gap-4 px-4 py-10">
      <div>
        <p className="text-h2 font-semibold">{t('chat.empty.title')}</p>
        <p className="mt-1 text-body text-text-2">{t('chat.empty.why')}</p>
      </div>
      <div className="flex flex-wrap gap-2">
        {waiting > 0 && (
          <Link
            to="/approvals"
            className="inline-flex h-8 items-center gap-1.5 rounded-full border border-warn bg-warn-soft px-3 text-dense font-medium text-warn"
          >
            <Hand size={14} aria-hidden /> {t('chat.starter.approvals', { count: waiting })}
          </Link>
        )}
        {kStarters.map((id) => (
          <Button key={id} className="rounded-full!" onClick={() => onPick(t(id))}>
            {t(id)}
          </Button>
        ))}
      </div>
    </div>
  );
}

export function StartOptions({
  workspace,
  agent,
  onWorkspace,
  onAgent,
}: {
  workspace: string;
  agent: string;
  onWorkspace: (id: string) => void;
  onAgent: (id: string) => void;
}) {
  const workspaces = useWorkspaces().data?.items ?? [];
  const agents = useAgents().data?.items ?? [];
  return (
    <>
      <Select
        label={t('chat.workspace')}
        hideLabel
        title={t('chat.workspace')}
        className="max-w-40 sm:max-w-60 border-transparent! bg-transparent! text-text-2"
        value={workspace}
        onChange={(event) => onWorkspace(event.target.value)}
      >
        <option value="">{t('chat.workspace.private')}</option>
        {workspaces
          .filter((one) => !one.private)
          .map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}
            </option>
          ))}
      </Select>
      {agents.length > 1 && (
        <Select
          label={t('chat.agent')}
          hideLabel
          title={t('chat.agent')}
          className="max-w-36 border-transparent! bg-transparent! text-text-2"
          value={agent}
          onChange={(event) => onAgent(event.target.value)}
        >
          {agents.map((one) => (
            <option key={one.id} value={one.id}>
              {one.id}
            </option>
          ))}
        </Select>
      )}
    </>
  );
}
