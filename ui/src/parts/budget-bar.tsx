// SPDX-License-Identifier: MIT
// A budget in one look: its name, how much of it is spent and reserved, and which alert it has passed.
import type { Schemas } from '@/api/client';
import { addMessages, t } from '@/i18n';
import { cx } from '@/lib/cx';
import { money, shortId } from '@/lib/format';
import { Chip } from '@/ui/status';

export type Budget = Schemas['Budget'];

addMessages({
  'budget.scope.day': 'Every day',
  'budget.scope.month': 'Every month',
  'budget.scope.session': 'Each session',
  'budget.scope.session.one': 'Session {subject}',
  'budget.scope.agent': 'Each agent, a month',
  'budget.scope.agent.one': 'Agent {subject}, a month',
  'budget.bar': '{spent} of {limit}',
  'budget.passed': 'passed {percent} %',
  'budget.full': 'used up',
});

// Where the daemon says an alert.
export const kMarks = [50, 75, 90];

export function budgetName(budget: { scope: Budget['scope']; subject: string | null }): string {
  if (!budget.subject) return t(`budget.scope.${budget.scope}`);
  const subject = budget.scope === 'session' ? shortId(budget.subject) : budget.subject;
  return t(`budget.scope.${budget.scope}.one`, { subject });
}

export function usedPercent(budget: Budget): number {
  const limit = Number(budget.limit?.amount ?? 0);
  return limit > 0 ? (100 * Number(budget.spent?.amount ?? 0)) / limit : 0;
}

export function passedMark(budget: Budget): number | undefined {
  return kMarks.findLast((mark) => usedPercent(budget) >= mark);
}

export function BudgetMark({ budget }: { budget: Budget }) {
  const passed = passedMark(budget);
  if (!passed) return null;
  if (usedPercent(budget) >= 100) return <Chip tone="bad" shape="✕" text={t('budget.full')} />;
  return (
    <Chip tone={passed >= 75 ? 'warn' : 'info'} shape="△" text={t('budget.passed', { percent: passed })} />
  );
}

// Filled by what is spent, then by what is reserved for calls under way.
export function BudgetBar({ budget }: { budget: Budget }) {
  const percent = Math.min(100, usedPercent(budget));
  const limit = Number(budget.limit?.amount ?? 0);
  const reserved = limit > 0 ? (100 * Number(budget.reserved?.amount ?? 0)) / limit : 0;
  return (
    <div
      role="img"
      aria-label={t('budget.bar', { spent: money(budget.spent), limit: money(budget.limit) })}
      className="keeps-colours relative h-2 overflow-hidden rounded-full bg-sunken"
    >
      <div
        className={cx(
          'absolute inset-y-0 left-0',
          percent >= 90 ? 'bg-bad' : percent >= 75 ? 'bg-warn' : 'bg-accent',
        )}
        style={{ width: `${percent}%` }}
      />
      <div
        className="absolute inset-y-0 bg-running opacity-60"
        style={{ left: `${percent}%`, width: `${Math.min(100 - percent, reserved)}%` }}
      />
      {kMarks.map((mark) => (
        <div key={mark} className="absolute inset-y-0 w-px bg-surface" style={{ left: `${mark}%` }} />
      ))}
    </div>
  );
}
