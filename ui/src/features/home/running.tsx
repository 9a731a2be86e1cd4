// SPDX-License-Identifier: MIT
import { Link } from '@tanstack/react-router';
import { Square } from 'lucide-react';
import { t } from '@/i18n';
import { duration, money } from '@/lib/format';
import { useNow } from '@/lib/use-now';
import { Button } from '@/ui/button';
import { Card } from '@/ui/page';
import { ErrorNote, Loading } from '@/ui/states';
import { Status } from '@/ui/status';
import { toast } from '@/ui/toast';
import { SessionName } from './needs';
import { useCancel, useStatus } from './queries';
import { isOpen, type Turn, type useTurns } from './turns';

// What it does at this moment, in words.
export function stepText(turn: Turn): string {
  if (turn.state === 'queued') return t('home.step.queued');
  const step = turn.steps.findLast((one) => one.state === 'started' || one.state === 'awaiting_approval');
  if (turn.state === 'waiting' || step?.state === 'awaiting_approval') return t('home.step.waits');
  if (step?.kind === 'tool') return t('home.step.tool', { tool: step.summary ?? step.tool ?? '' });
  const model = turn.answered_by ?? turn.model;
  return model ? t('home.step.model', { model }) : t('home.step.default');
}

function RunningTurn({ turn }: { turn: Turn }) {
  const cancel = useCancel();
  const now = useNow(1000);
  const since = Date.parse(turn.started_at ?? turn.created_at);
  return (
    <li className="flex flex-col gap-1 border-t border-line py-2.5 first:border-t-0 first:pt-0 last:pb-0">
      <div className="flex items-center gap-2 text-dense">
        <Status state={turn.state} />
        <span className="min-w-0 flex-1 truncate font-medium">
          <SessionName id={turn.session_id} />
        </span>
        <Button
          small
          icon={Square}
          busy={cancel.isPending}
          title={t('home.stop.name', { title: turn.id })}
          onClick={() => cancel.mutate(turn.id, { onSuccess: () => toast(t('home.stopped')) })}
        >
          {t('home.stop')}
        </Button>
      </div>
      <p className="flex flex-wrap gap-x-3 text-label text-text-2">
        <span className="min-w-0 flex-1 truncate">{stepText(turn)}</span>
        <span className="tabular-nums" aria-live="off">
          {duration(Math.max(1000, Math.floor((now - since) / 1000) * 1000))}
        </span>
        <span className="tabular-nums">{money(turn.cost)}</span>
        <Link to="/trace/$turn" params={{ turn: turn.id }} className="underline">
          {t('home.trace')}
        </Link>
      </p>
      {cancel.isError && <ErrorNote error={cancel.error} what={t('home.stop.failed')} />}
    </li>
  );
}

export function Running({ turns }: { turns: ReturnType<typeof useTurns> }) {
  const status = useStatus();
  const open = turns.turns.filter(isOpen).sort((a, b) => b.created_at.localeCompare(a.created_at));
  const running = open.filter((turn) => turn.state !== 'queued').length;
  const unseen = Math.max(0, (status.data?.turns.running ?? 0) - running);
  const queued = status.data?.turns.queued ?? 0;
  const { traces } = turns;
  return (
    <Card title={t('home.running')}>
      {traces.isError && (
        <ErrorNote error={traces.error} what={t('home.running.what')} retry={() => void traces.refetch()} />
      )}
      {!turns.settled && !traces.isError && open.length === 0 && <Loading rows={2} />}
      {turns.settled && open.length === 0 && unseen === 0 && (
        <p className="text-dense text-text-2">{t('home.running.none')}</p>
      )}
      <ul>
        {open.map((turn) => (
          <RunningTurn key={turn.id} turn={turn} />
        ))}
      </ul>
      {turns.settled && unseen > 0 && (
        <p className="pt-2 text-label text-text-3">{t('home.running.more', { count: unseen })}</p>
      )}
      {queued > 0 && <p className="pt-2 text-label text-text-2">{t('home.queued', { count: queued })}</p>}
      {status.data?.turns.paused && <p className="pt-2 text-label text-warn">{t('home.paused')}</p>}
    </Card>
  );
}
