// SPDX-License-Identifier: MIT
// The end of a turn: what streams now, approvals that wait, what went wrong and what can be done about it, and what it took.
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Clock, Link2, RotateCcw, Route, Undo2 } from 'lucide-react';
import { useMemo } from 'react';
import { api, take } from '@/api/client';
import { t } from '@/i18n';
import { cx } from '@/lib/cx';
import { count, duration, money, tokens } from '@/lib/format';
import { useNow } from '@/lib/use-now';
import { ApprovalGroup, groupApprovals, groupKey } from '@/parts/approval-group';
import { Markdown } from '@/parts/markdown';
import { Button, IconButton } from '@/ui/button';
import { copyText } from '@/ui/copy';
import { ErrorNote } from '@/ui/states';
import { Attention } from './attention';
import { type LiveStep, type LiveTurn, useLiveTurn } from './live';
import { Notice, Reasoning } from './message-rows';
import { type Approval, isEnded, type Turn, useTurn } from './queries';
import { ToolCall, type ToolState } from './tool-call';
import type { Shown } from './transcript';

const kQuietMs = 300;
const kLongMs = 10_000;

export type TurnCommands = {
  // Who is asked in this conversation, when the turn does not say.
  model: string;
  // Fails when what was asked cannot be asked again.
  retry: (turn: Turn) => Promise<void>;
  switchModel: () => void;
  undo: (turn: Turn) => void;
  stop: (turn: Turn) => void;
};

const kStepStates: Record<string, ToolState> = {
  planned: 'planned',
  awaiting_approval: 'waiting_approval',
  denied: 'denied',
  started: 'running',
  done: 'done',
  failed: 'failed',
  unknown: 'unknown',
  cancelled: 'cancelled',
};

export function toolStates(turn: Turn | undefined): Map<string, ToolState> {
  return new Map(turn?.steps.map((step) => [step.id, kStepStates[step.state] ?? 'planned']));
}

// A try that was interrupted is in the transcript as what it was.
function isNews(step: LiveStep, shown: Shown, ended: boolean): boolean {
  if (shown.steps.has(step.id)) return false;
  const halted = shown.halted.get(step.id) ?? 0;
  return ended ? halted === 0 : step.attempt > halted;
}

function Streaming({ turn, now, shown }: { turn: Turn | undefined; now: LiveTurn; shown: Shown }) {
  const ended = isEnded(turn);
  const states = useMemo(() => toolStates(turn), [turn]);
  const models = now.steps.filter((step) => step.kind === 'model' && isNews(step, shown, ended));
  // A call is in the transcript a moment after it was asked for.
  const tools = now.steps.filter((step) => step.kind === 'tool' && step.tool && isNews(step, shown, ended));
  return (
    <div className="text-prose">
      {now.notices.map((notice) => (
        <Notice key={notice} text={notice} />
      ))}
      {models.map((step) => (
        <div key={step.id}>
          {step.reasoning.text && <Reasoning text={step.reasoning.text} live={!step.text.text} />}
          {step.text.text && <Markdown text={step.text.text} streaming />}
        </div>
      ))}
      {tools.map((step) => (
        <ToolCall
          key={step.id}
          tool={step.tool ?? ''}
          input=""
          summary={step.rendering?.replace(`${step.tool} `, '') ?? null}
          state={step.running ? 'running' : (states.get(step.id) ?? 'running')}
          step={step}
        />
      ))}
    </div>
  );
}

// A model that cannot be reached is waited for; whoever knows that it is back need not wait.
function AskNow({ turn, step }: { turn: Turn; step: string }) {
  const ask = useMutation({
    mutationFn: () =>
      take(
        api.POST('/api/v1/turns/{id}/resume', {
          params: { path: { id: turn.id } },
          body: { step_id: step, resolution: 'retry' },
        }),
      ),
  });
  return (
    <>
      <Button small kind="quiet" busy={ask.isPending} onClick={() => ask.mutate()}>
        {t('chat.retrying.now')}
      </Button>
      {ask.isError && <ErrorNote error={ask.error} what={t('chat.retrying.failed')} />}
    </>
  );
}

// What the turn is doing, and the step that waits for its model, if one does.
function work(
  turn: Turn,
  live: LiveTurn,
  model: string,
  now: number,
): { what: string; waiting: string | null } {
  if (live.retry) {
    const { reason, detail, until, step } = live.retry;
    const left = Math.max(0, until - now);
    const seconds = Math.ceil(left / 1000);
    if (!step || left === 0) return { what: t('chat.retrying', { reason, seconds }), waiting: null };
    return { what: t('chat.waiting', { reason, detail, wait: duration(seconds * 1000) }), waiting: step };
  }
  // Who comes later has missed the event; the daemon has written down why and until when.
  const waiting = turn.steps.find(
    (step) => step.kind === 'model' && step.state === 'started' && step.summary,
  );
  const isOver = live.steps.some((step) => step.id === waiting?.id && step.attempt > waiting.attempt);
  if (waiting?.summary && !isOver) return { what: waiting.summary, waiting: waiting.id };
  const running = live.steps.findLast((step) => step.running);
  const what = running?.tool
    ? t('chat.running', { tool: running.tool })
    : (running?.model ?? turn.model ?? model);
  return { what, waiting: null };
}

function Progress({
  turn,
  live,
  model,
  onStop,
}: {
  turn: Turn;
  live: LiveTurn;
  model: string;
  onStop: () => void;
}) {
  const now = useNow(1000);
  const since = now - Date.parse(turn.started_at ?? turn.created_at);
  if (turn.state === 'queued')
    return (
      <p className="my-2 flex items-center gap-2 text-dense text-text-3">
        <Clock size={14} aria-hidden /> {t('chat.queued')}
        <Button small kind="quiet" onClick={onStop}>
          {t('chat.queued.cancel')}
        </Button>
      </p>
    );
  if (turn.state === 'waiting' || since < kQuietMs) return null;
  const { what, waiting } = work(turn, live, model, now);
  return (
    <div className="my-2 flex flex-wrap items-center gap-x-3 gap-y-1 text-dense text-text-2">
      <span aria-hidden className="size-2 rounded-full bg-running motion-safe:animate-pulse" />
      <span className="min-w-0 break-words">{what}</span>
      <span className="text-text-3">{duration(Math.floor(since / 1000) * 1000)}</span>
      {waiting && <AskNow turn={turn} step={waiting} />}
      {since >= kLongMs && (
        <>
          <span className="text-text-3">{t('chat.long')}</span>
          <Button small kind="quiet" keys="escape" onClick={onStop}>
            {t('chat.stop')}
          </Button>
        </>
      )}
    </div>
  );
}

function Failure({ turn, commands }: { turn: Turn; commands: TurnCommands }) {
  const { error } = turn;
  const retry = useMutation({ mutationFn: commands.retry });
  if (!error) return null;
  const [chosen] = (turn.answered_by ?? turn.model ?? commands.model).split('/');
  const provider = error.provider ?? chosen;
  return (
    <div role="alert" className="my-2 rounded-card border border-bad bg-bad-soft p-3 text-dense">
      <p className="font-medium text-bad">{t('chat.failed')}</p>
      <p className="mt-0.5 break-words text-text">{error.detail}</p>
      <p className="mt-1 flex flex-wrap gap-x-3 font-mono text-label text-text-2">
        {provider && <span>{error.model ?? provider}</span>}
        {error.http_status && <span>{t('chat.failed.http', { status: error.http_status })}</span>}
        {error.request_id && (
          <span className="select-all" title={t('chat.failed.request')}>
            {error.request_id}
          </span>
        )}
        <span>{error.code}</span>
        <span className="select-all">{turn.id}</span>
      </p>
      <div className="mt-2 flex flex-wrap items-center gap-2">
        <Button small icon={RotateCcw} busy={retry.isPending} offline onClick={() => retry.mutate(turn)}>
          {t('chat.retry')}
        </Button>
        <Button small onClick={commands.switchModel}>
          {t('chat.switch')}
        </Button>
        <TraceLink turn={turn} />
      </div>
      {retry.isError && <ErrorNote error={retry.error} what={t('chat.retry.failed')} />}
    </div>
  );
}

function TraceLink({ turn }: { turn: Turn }) {
  return (
    <Link
      to="/trace/$turn"
      params={{ turn: turn.id }}
      className="inline-flex min-h-6 items-center gap-1 rounded-control px-1 underline-offset-2 hover:text-text hover:underline"
    >
      <Route size={14} aria-hidden /> {t('chat.trace')}
    </Link>
  );
}

const kChanging = /^(fs\.(write|edit|delete|move|copy|remove|mkdir)|shell\.exec)/;

// latency | tokens | cost, always in that order.
function Footer({ turn, commands }: { turn: Turn; commands: TurnCommands }) {
  const retry = useMutation({ mutationFn: commands.retry });
  const { usage } = turn;
  const spent = usage.input_tokens + usage.output_tokens;
  const time =
    turn.started_at && turn.ended_at ? Date.parse(turn.ended_at) - Date.parse(turn.started_at) : null;
  const answeredBy = turn.answered_by ?? turn.model;
  const other = turn.model && turn.answered_by && turn.answered_by !== turn.model;
  const exact = t('chat.tokens.exact', {
    input: count(usage.input_tokens),
    output: count(usage.output_tokens),
    cached: count(usage.cached_input_tokens),
    reasoning: count(usage.reasoning_tokens),
  });
  const facts: { key: string; text: string; title?: string; tone?: string }[] = [
    ...(answeredBy
      ? [
          {
            key: 'model',
            text: other ? t('chat.answered', { asked: turn.model, by: answeredBy }) : answeredBy,
            ...(other ? { tone: 'text-warn' } : {}),
          },
        ]
      : []),
    ...(turn.state === 'cancelled' ? [{ key: 'state', text: t('chat.cancelled'), tone: 'text-warn' }] : []),
    ...(turn.denied_calls > 0
      ? [{ key: 'denied', text: t('chat.denied', { count: turn.denied_calls }), tone: 'text-bad' }]
      : []),
    ...(time !== null ? [{ key: 'time', text: duration(time) }] : []),
    {
      key: 'tokens',
      text: `${usage.estimated ? '≈ ' : ''}${t('chat.tokens', { tokens: tokens(spent) })}`,
      title: exact,
    },
    {
      key: 'cost',
      text: money(turn.cost),
      ...(turn.unpriced_calls > 0 ? { title: t('chat.unpriced', { count: turn.unpriced_calls }) } : {}),
    },
  ];
  const changed = turn.steps.some((step) => step.state === 'done' && kChanging.test(step.tool ?? ''));
  return (
    <footer className="mt-1.5 mb-2 flex flex-wrap items-center gap-x-2 gap-y-0.5 text-label text-text-3">
      {facts.map((fact, index) => (
        <span key={fact.key} title={fact.title} className={cx('flex items-center gap-2', fact.tone)}>
          {index > 0 && (
            <span aria-hidden className="text-line">
              |
            </span>
          )}
          {fact.text}
        </span>
      ))}
      {turn.state !== 'failed' && <TraceLink turn={turn} />}
      <IconButton
        small
        icon={Link2}
        label={t('chat.link')}
        className="h-6! w-6! text-text-3"
        onClick={() => copyLink(turn.session_id, turn.id)}
      />
      {turn.state === 'cancelled' && (
        <Button
          small
          kind="quiet"
          icon={RotateCcw}
          busy={retry.isPending}
          offline
          onClick={() => retry.mutate(turn)}
        >
          {t('chat.retry')}
        </Button>
      )}
      {changed && (
        <Button small kind="quiet" icon={Undo2} onClick={() => commands.undo(turn)}>
          {t('chat.undo')}
        </Button>
      )}
      {retry.isError && (
        <div className="w-full">
          <ErrorNote error={retry.error} what={t('chat.retry.failed')} />
        </div>
      )}
    </footer>
  );
}

// The address that opens the conversation at this turn.
export function copyLink(session: string, turn?: string): void {
  const link = `${location.origin}/chat/${session}${turn ? `?turn=${turn}` : ''}`;
  copyText(link, t('chat.link.done'));
}

export function TurnEnd({
  id,
  shown,
  approvals,
  catchingUp,
  commands,
}: {
  id: string;
  shown: Shown;
  approvals: Approval[];
  // The transcript is being read; until it is there, what was streamed stays.
  catchingUp: boolean;
  commands: TurnCommands;
}) {
  const { data: turn } = useTurn(id);
  const now = useLiveTurn(id);
  const ended = isEnded(turn);
  return (
    // As high as its last line, so that nothing moves when that comes.
    <div className="min-h-9 min-w-0">
      {(!ended || catchingUp) && <Streaming turn={turn} now={now} shown={shown} />}
      {approvals.length > 0 && (
        <div className="my-3 flex flex-col gap-3">
          {groupApprovals(approvals).map((group) => (
            <ApprovalGroup key={groupKey(group)} approvals={group} />
          ))}
        </div>
      )}
      {turn?.state === 'needs_attention' && <Attention turn={turn} />}
      {turn && !ended && turn.state !== 'needs_attention' && approvals.length === 0 && (
        <Progress turn={turn} live={now} model={commands.model} onStop={() => commands.stop(turn)} />
      )}
      {turn?.state === 'failed' && <Failure turn={turn} commands={commands} />}
      {turn && ended && <Footer turn={turn} commands={commands} />}
    </div>
  );
}
