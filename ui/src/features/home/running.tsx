// SPDX-License-Identifier: MIT
import { Link } from '@tanstack/react-router';
import { Square } from 'lucide-react';
import { t } from '@/i18n';
import { duration, money } from '@/lib/format';
import { useNow } from '@/lib/use-now';
import { Button } from '@/ui/button';
import { Card } from '@/ui/page';
import { ErrorNote, Waiting } from '@/ui/states';
import { Status } from '@/ui/status';
import { toast } from '@/ui/toast';
import { SessionName } from './needs';
import { useCancel, useStatus } from './queries';
import { type Listed, type Turn, useOpenTurns, useWhole } from './turns';

// Each of them asks for its steps.
const kShown = 12;

// What it does at this moment, in words.
function stepText(turn: Listed, whole: Turn | undefined): string {
  // Its state says that it waits, for its turn or for a person.
  if (turn.state === 'queued' || turn.state === 'waiting') return '';
  const step = whole?.steps.findLast((one) => one.state === 'started' || one.state === 'awaiting_approval');
  if (step?.state === 'awaiting_approval') return t('home.step.waits');
  if (step?.kind === 'tool') return t('home.step.tool', { tool: step.summary ?? step.tool ?? '' });
  const model = whole?.answered_by ?? turn.model;
  return model ? t('home.step.model', { model }) : t('home.step.default');
}

function RunningTurn({ turn }: { turn: Listed }) {
  const whole = useWhole(turn.id);
  const cancel = useCancel();
  const now = useNow(1000);
  const since = Date.parse(turn.started_at ?? turn.created_at);
  return (
    <li className="flex flex-col gap-1 border-t border-line py-2.5 first:border-t-0 first:pt-0 last:pb-0">
      <div className="flex items-center gap-2 text-dense">
        <span className="min-w-0 flex-1 truncate font-medium">
          <SessionName id={turn.session_id} title={turn.session_title} turn={turn.id} />
        </span>
        <Button
          small
          icon={Square}
          busy={cancel.isPending}
          title={t('home.stop.name', { title: turn.session_title || turn.id })}
          onClick={() => cancel.mutate(turn.id, { onSuccess: () => toast(t('home.stopped')) })}
        >
          {t('home.stop')}
        </Button>
      </div>
      <p className="flex flex-wrap items-center gap-x-3 text-label text-text-2">
        <Status bare state={turn.state} />
        <span className="min-w-0 flex-1 truncate">{stepText(turn, whole.data)}</span>
        <span className="tabular-nums" aria-live="off">
          {duration(Math.max(1000, Math.floor((now - since) / 1000) * 1000))}
        </span>
        <span className="tabular-nums">{money((whole.data ?? turn).cost)}</span>
        <Link to="/trace/$turn" params={{ turn: turn.id }} className="underline">
          {t('home.trace')}
        </Link>
      </p>
      {cancel.isError && <ErrorNote error={cancel.error} what={t('home.stop.failed')} />}
    </li>
  );
}

export function Running() {
  const status = useStatus();
  const turns = useOpenTurns();
  const open = turns.data?.items ?? [];
  const queued = open.filter((turn) => turn.state === 'queued').length;
  return (
    <Card title={t('home.running')}>
      {turns.isError && (
        <ErrorNote error={turns.error} what={t('home.running.what')} retry={() => void turns.refetch()} />
      )}
      {turns.isPending && <Waiting of={[turns]} rows={2} />}
      {turns.data && open.length === 0 && <p className="text-dense text-text-2">{t('home.running.none')}</p>}
      <ul>
        {open.slice(0, kShown).map((turn) => (
          <RunningTurn key={turn.id} turn={turn} />
        ))}
      </ul>
      {open.length > kShown && (
        <p className="pt-2 text-label text-text-3">
          {t('home.running.more', { count: open.length - kShown })}
        </p>
      )}
      {queued > 0 && <p className="pt-2 text-label text-text-2">{t('home.queued', { count: queued })}</p>}
      {status.data?.turns.paused && <p className="pt-2 text-label text-warn">{t('home.paused')}</p>}
    </Card>
  );
}
