// SPDX-License-Identifier: MIT
// Spend of today against its budgets, and how the daemon is.
import { Link } from '@tanstack/react-router';
import { t } from '@/i18n';
import { duration, money } from '@/lib/format';
import { BudgetBar, budgetName } from '@/parts/budget-bar';
import { Card } from '@/ui/page';
import { Loaded } from '@/ui/states';
import { Chip, type Tone } from '@/ui/status';
import { useBudgets, useDiagnostics, useStatus, useToday } from './queries';

export function Spend() {
  const today = useToday();
  const budgets = useBudgets();
  const shown = (budgets.data ?? []).filter((one) => one.scope === 'day' || one.scope === 'month');
  return (
    <Card
      title={t('home.spend')}
      action={
        <Link
          to="/costs"
          search={{ range: 'today', by: 'model' }}
          className="text-label text-accent underline"
        >
          {t('home.spend.all')}
        </Link>
      }
    >
      <Loaded query={today} what={t('home.spend.what')} rows={2}>
        {(total) => (
          <p className="flex flex-wrap items-baseline gap-x-3">
            <Link
              to="/costs"
              search={{ range: 'today', by: 'session' }}
              className="text-h1 font-semibold tabular-nums hover:text-accent"
              title={total.cost ? `${total.cost.amount} ${total.cost.currency}` : ''}
            >
              {money(total.cost)}
            </Link>
            <span className="text-label text-text-2">
              {t('home.spend.calls', { count: total.calls })}
              {total.unpriced_calls > 0 && `, ${t('home.spend.unpriced', { count: total.unpriced_calls })}`}
            </span>
          </p>
        )}
      </Loaded>
      {budgets.data && shown.length === 0 && (
        <p className="pt-2 text-label text-text-2">
          {t('home.spend.nobudget')}{' '}
          <Link to="/costs" className="text-accent underline">
            {t('home.spend.set')}
          </Link>
        </p>
      )}
      <ul className="flex flex-col gap-2 pt-2">
        {shown.map((budget) => (
          <li key={budget.scope} className="flex flex-col gap-1 text-label">
            <span className="flex justify-between text-text-2">
              <span>{budgetName(budget)}</span>
              <span className="tabular-nums">
                {t('budget.bar', { spent: money(budget.spent), limit: money(budget.limit) })}
              </span>
            </span>
            <BudgetBar budget={budget} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

const kStates: Record<string, [shape: string, tone: Tone]> = {
  ok: ['✓', 'ok'],
  degraded: ['△', 'warn'],
  down: ['✕', 'bad'],
};

export function Health() {
  const diagnostics = useDiagnostics();
  const status = useStatus();
  return (
    <Card
      title={t('home.health')}
      action={
        diagnostics.data && (
          <Chip
            tone={diagnostics.data.status === 'ready' ? 'ok' : 'bad'}
            shape={diagnostics.data.status === 'ready' ? '✓' : '✕'}
            text={t(`home.health.${diagnostics.data.status}`)}
          />
        )
      }
    >
      <Loaded query={diagnostics} what={t('home.health.what')} rows={4}>
        {(data) => (
          <ul className="grid grid-cols-[max-content_max-content_minmax(0,1fr)] gap-x-3 gap-y-1 text-dense">
            {data.components.map((one) => {
              const [shape, tone] = kStates[one.state] ?? ['○', 'idle'];
              return (
                <li
                  key={one.name}
                  className="col-span-3 grid grid-cols-subgrid items-center"
                  title={one.detail ?? undefined}
                >
                  <span>
                    <Chip bare tone={tone} shape={shape} text={t(`home.health.${one.state}`)} />
                  </span>
                  <span>{one.name}</span>
                  <span className="truncate text-label text-text-3">{one.detail}</span>
                </li>
              );
            })}
          </ul>
        )}
      </Loaded>
      {status.data && (
        <p className="mt-2 border-t border-line pt-2 text-label text-text-3">
          {t('home.health.up', {
            version: status.data.version,
            time: duration(status.data.uptime_seconds * 1000),
          })}
          <br />
          {t('home.health.model', { model: status.data.default_model })}
        </p>
      )}
    </Card>
  );
}
