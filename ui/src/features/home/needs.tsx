// SPDX-License-Identifier: MIT
// What waits for a person, the most pressing first: questions, unknown outcomes, failures, budgets, tokens that end.
import { Link } from '@tanstack/react-router';
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Schemas } from '@/api/client';
import { t } from '@/i18n';
import { daemonNow } from '@/lib/daemon-clock';
import { relative, shortId } from '@/lib/format';
import { BudgetMark, budgetName, passedMark } from '@/parts/budget-bar';
import { IconButton } from '@/ui/button';
import { Card } from '@/ui/page';
import { ErrorNote, Waiting } from '@/ui/states';
import { Chip, Risk, Status } from '@/ui/status';
import { Time } from '@/ui/time';
import { toast } from '@/ui/toast';
import { useBudgets, useDiagnostics, useEndingTokens, usePolicyState, useSessionTitle } from './queries';
import { dismiss, type Listed, undismiss, useBadTurns, useDismissed, usePending, useWhole } from './turns';

type Approval = Schemas['Approval'];

const kLink =
  'inline-flex h-7 shrink-0 items-center rounded-control border border-control bg-surface px-2 text-label font-medium hover:bg-sunken';

function Item({
  mark,
  title,
  more,
  children,
}: {
  mark: ReactNode;
  title: ReactNode;
  more?: ReactNode;
  children: ReactNode;
}) {
  return (
    <li className="flex items-start gap-3 border-t border-line py-2.5 first:border-t-0 first:pt-0 last:pb-0">
      <div className="min-w-0 flex-1">
        <div className="flex flex-wrap items-center gap-2 text-dense">
          {mark}
          <span className="line-clamp-3 min-w-0 break-words">{title}</span>
        </div>
        {more && <div className="mt-0.5 text-label text-text-2">{more}</div>}
      </div>
      <div className="flex shrink-0 items-center gap-1">{children}</div>
    </li>
  );
}

export function SessionName({
  id,
  title,
  turn,
  step,
}: {
  id: string;
  // When it is not known it is asked for.
  title?: string;
  turn?: string;
  step?: string;
}) {
  const session = useSessionTitle(title === undefined ? id : undefined);
  const name = title ?? session.data?.title;
  return (
    <Link
      to="/chat/$session"
      params={{ session: id }}
      search={{ turn, step }}
      className="underline decoration-line underline-offset-2 hover:text-text"
    >
      {name === undefined ? shortId(id) : name || t('home.untitled')}
    </Link>
  );
}

function TurnItem({ turn }: { turn: Listed }) {
  const whole = useWhole(turn.id, turn.state === 'needs_attention');
  const unknown = whole.data?.steps.find((step) => step.state === 'unknown');
  const name = turn.error?.detail ?? turn.id;
  return (
    <Item
      mark={<Status state={turn.state} />}
      title={
        turn.state === 'needs_attention'
          ? t('home.unknown', { tool: unknown?.tool ?? '' })
          : turn.error?.detail || turn.error?.code || ''
      }
      more={
        <>
          <SessionName id={turn.session_id} title={turn.session_title} turn={turn.id} /> ·{' '}
          <Time at={turn.ended_at ?? turn.created_at} />
        </>
      }
    >
      <Link to="/trace/$turn" params={{ turn: turn.id }} className={kLink}>
        {t('home.trace')}
      </Link>
      <Link
        to="/chat/$session"
        params={{ session: turn.session_id }}
        search={{ turn: turn.id, step: unknown?.id }}
        className={kLink}
      >
        {turn.state === 'needs_attention' ? t('home.decide') : t('home.look')}
      </Link>
      {turn.state === 'failed' && (
        <IconButton
          small
          icon={X}
          label={t('home.dismiss', { title: name })}
          onClick={() => {
            dismiss(turn.id);
            toast(t('home.dismiss', { title: name }), { undo: () => undismiss(turn.id) });
          }}
        />
      )}
    </Item>
  );
}

function Questions({ approvals }: { approvals: Approval[] }) {
  return [...approvals].reverse().map((approval) => (
    <Item
      key={approval.id}
      mark={<Risk level={approval.risk} />}
      title={<code className="font-mono text-label">{approval.rendering}</code>}
      more={
        <>
          <SessionName id={approval.session_id} turn={approval.turn_id} step={approval.step_id} /> ·{' '}
          {t('home.approval.ends', { when: relative(approval.expires_at) })}
        </>
      }
    >
      <Link to="/approvals" search={{ open: approval.id }} className={kLink}>
        {t('home.approval')}
      </Link>
    </Item>
  ));
}

function useStanding() {
  const budgets = useBudgets();
  const tokens = useEndingTokens();
  const policy = usePolicyState();
  const health = useDiagnostics();
  const force = policy.data?.in_force;
  return [
    ...(force === 'last_good' || force === 'read_only'
      ? [
          <Item
            key="policy"
            mark={<Chip tone="bad" shape="✕" text={t('nav.policy')} />}
            title={t(`home.policy.${force}`)}
          >
            <Link to="/policy" search={{ tab: 'source' }} className={kLink}>
              {t('home.policy.go')}
            </Link>
          </Item>,
        ]
      : []),
    ...(health.data?.components ?? [])
      .filter((one) => one.state === 'down' || (one.required && one.state !== 'ok'))
      .map((one) => (
        <Item
          key={one.name}
          mark={<Chip tone="bad" shape="✕" text={t(`home.health.${one.state}`)} />}
          title={t('home.component', { name: one.name, state: t(`home.health.${one.state}`) })}
          more={one.detail}
        >
          {null}
        </Item>
      )),
    ...(budgets.data ?? [])
      .filter((budget) => passedMark(budget))
      .map((budget) => (
        <Item
          key={`${budget.scope}${budget.subject}`}
          mark={<BudgetMark budget={budget} />}
          title={t('home.budget', { name: budgetName(budget) })}
        >
          <Link to="/costs" className={kLink}>
            {t('home.budget.go')}
          </Link>
        </Item>
      )),
    ...(tokens.data ?? []).map((token) => {
      const over = Date.parse(token.expires_at ?? '') < daemonNow();
      return (
        <Item
          key={token.id}
          mark={
            <Chip
              tone={over ? 'idle' : 'warn'}
              shape={over ? '⊘' : '△'}
              text={t(over ? 'home.token.ended' : 'home.token.soon')}
            />
          }
          title={
            over
              ? t('home.token.over', { name: token.name })
              : t('home.token', { name: token.name, when: relative(token.expires_at ?? '') })
          }
        >
          <Link to="/settings" search={{ tab: 'tokens' }} className={kLink}>
            {t('home.token.go')}
          </Link>
        </Item>
      );
    }),
  ];
}

export function Needs() {
  const pending = usePending();
  const turns = useBadTurns();
  const dismissed = useDismissed((state) => state.ids);
  const standing = useStanding();
  const bad = (turns.data ?? []).filter((turn) => !dismissed.includes(turn.id));
  const count = (pending.data?.length ?? 0) + bad.length + standing.length;
  return (
    <Card title={t('home.needs')} action={count > 0 && <Chip tone="warn" text={String(count)} />}>
      {pending.isError && (
        <ErrorNote error={pending.error} what={t('home.needs.what')} retry={() => void pending.refetch()} />
      )}
      {turns.isError && (
        <ErrorNote error={turns.error} what={t('home.turns.what')} retry={() => void turns.refetch()} />
      )}
      {pending.data && turns.data && count === 0 && (
        <p className="text-dense text-text-2">{t('home.needs.none')}</p>
      )}
      <ul>
        <Questions approvals={pending.data ?? []} />
        {bad.map((turn) => (
          <TurnItem key={turn.id} turn={turn} />
        ))}
        {standing}
      </ul>
      {((!pending.data && !pending.isError) || (!turns.data && !turns.isError)) && (
        <Waiting of={[pending, turns]} rows={2} />
      )}
    </Card>
  );
}
