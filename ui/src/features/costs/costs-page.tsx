// SPDX-License-Identifier: MIT
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useCallback, useMemo, useState } from 'react';
import { useActions } from '@/actions/actions';
import type { Schemas } from '@/api/client';
import { addMessages, t } from '@/i18n';
import { count, money, shortId, tokens } from '@/lib/format';
import { useNow } from '@/lib/use-now';
import { useSeen } from '@/lib/use-seen';
import { Button } from '@/ui/button';
import { Select } from '@/ui/field';
import { Table } from '@/ui/list';
import { Page } from '@/ui/page';
import { Empty, Loaded } from '@/ui/states';
import { Budgets } from './budgets';
import { costsMessages } from './messages';
import {
  type Group,
  type GroupBy,
  kGroups,
  type Report,
  useCosts,
  useSessionTitle,
  useSessionTitles,
} from './queries';
import { dayName, kRanges, rangeName, rangeOf, rangeOfDay, startOfDay } from './range';
import { dollars, kDrawn, share } from './sums';

addMessages(costsMessages);

const kClockMs = 60_000;

const CostChart = lazy(() => import('./chart').then((module) => ({ default: module.CostChart })));

type View = {
  groupBy: GroupBy;
  range: (typeof kRanges)[number];
  // One day alone, in place of the range.
  day: string | undefined;
  session: string | undefined;
  set: (change: Record<string, string | undefined>) => void;
};

function useView(): View {
  const search = useSearch({ strict: false }) as Record<string, string | undefined>;
  const navigate = useNavigate();
  const set = useCallback(
    (change: Record<string, string | undefined>) =>
      void navigate({ to: '.', search: { ...search, ...change }, replace: true }),
    [navigate, search],
  );
  return {
    groupBy: kGroups.find((one) => one === search.by) ?? 'day',
    range: rangeName(search.range),
    day: dayName(search.day),
    session: search.session,
    set,
  };
}

// The title of a session that is not known yet: its id stands for it until it is read, and stays when there is none any more.
function SessionName({ id, name }: { id: string; name: string }) {
  const isKnown = name !== shortId(id);
  const [isSeen, ref] = useSeen();
  const title = useSessionTitle(id, isSeen && !isKnown);
  return <span ref={ref}>{isKnown ? name : title || name}</span>;
}

// From a number to what it is made of.
function KeyLink({ groupBy, name, group }: { groupBy: GroupBy; name: string; group: Group }) {
  const search = useSearch({ strict: false }) as Record<string, string | undefined>;
  const look = 'underline decoration-line underline-offset-2 hover:text-accent';
  const { key } = group;
  if (!key) return <span className="text-text-3">{t('costs.nobody')}</span>;
  if (groupBy === 'session')
    return (
      <Link to="/chat/$session" params={{ session: key }} className={look} title={key}>
        <SessionName id={key} name={name} />
      </Link>
    );
  if (groupBy === 'model' || groupBy === 'provider')
    return (
      <Link to="/models" search={{ q: key }} className={look}>
        {name}
      </Link>
    );
  if (groupBy === 'agent')
    return (
      <Link to="/sessions" search={{ q: `agent:${key}` }} className={look}>
        {name}
      </Link>
    );
  if (groupBy === 'day')
    return (
      <Link to="/costs" search={{ ...search, by: 'session', day: key }} className={look}>
        {name}
      </Link>
    );
  return <span>{name}</span>;
}

function Number_({ value, exact }: { value: string; exact: number }) {
  return (
    <span title={count(exact)} className="tabular-nums">
      {value}
    </span>
  );
}

function Costs({
  group,
}: {
  group: { cost: Schemas['CostTotals']['cost']; calls: number; unpriced_calls: number };
}) {
  if (group.calls > 0 && group.unpriced_calls === group.calls) return <span className="text-text-3">–</span>;
  return (
    <span title={group.cost ? `${group.cost.amount} ${group.cost.currency}` : ''}>{money(group.cost)}</span>
  );
}

function Rows({
  report,
  groupBy,
  nameOf,
}: {
  report: Report;
  groupBy: GroupBy;
  nameOf: (key: string) => string;
}) {
  const whole = report.total.cost ? Number(report.total.cost.amount) : 0;
  const cells = (group: Group | Schemas['CostTotals']) => (
    <>
      <td className="text-right font-medium tabular-nums">
        <Costs group={group} />
      </td>
      <td className="text-right text-text-2">{'key' in group ? share(dollars(group), whole) : ''}</td>
      <td className="text-right tabular-nums">{count(group.calls)}</td>
      <td className="text-right">
        <Number_ value={tokens(group.usage.input_tokens)} exact={group.usage.input_tokens} />
      </td>
      <td className="text-right text-text-2">
        <Number_ value={tokens(group.usage.cached_input_tokens)} exact={group.usage.cached_input_tokens} />
      </td>
      <td className="text-right">
        <Number_ value={tokens(group.usage.output_tokens)} exact={group.usage.output_tokens} />
      </td>
      <td className="text-right text-text-2">
        {group.unpriced_calls > 0 ? count(group.unpriced_calls) : ''}
      </td>
    </>
  );
  return (
    <Table
      label={t('costs.table', { group: t(`costs.by.${groupBy}`) })}
      head={[
        t(`costs.by.${groupBy}`),
        ...['cost', 'share', 'calls', 'in', 'cached', 'out', 'unpriced'].map((one) => t(`costs.col.${one}`)),
      ]}
      numbers
    >
      {report.items.map((group) => (
        <tr key={group.key} className="hover:bg-sunken">
          <td className="max-w-96 truncate">
            <KeyLink groupBy={groupBy} group={group} name={nameOf(group.key)} />
          </td>
          {cells(group)}
        </tr>
      ))}
      <tr className="bg-sunken font-medium">
        <td>{t('costs.sum')}</td>
        {cells(report.total)}
      </tr>
    </Table>
  );
}

function Figure({
  name,
  value,
  hint,
  title,
}: {
  name: string;
  value: string;
  hint?: string | undefined;
  title?: string;
}) {
  return (
    <div className="min-w-0">
      <dt className="text-label text-text-3">{name}</dt>
      <dd className="text-h2 font-semibold tabular-nums" title={title}>
        {value}
      </dd>
      {hint && <dd className="text-label text-text-3">{hint}</dd>}
    </div>
  );
}

function Totals({ total }: { total: Schemas['CostTotals'] }) {
  const { usage } = total;
  return (
    <dl className="grid grid-cols-2 gap-x-4 gap-y-3 rounded-card border border-line bg-surface p-4 sm:grid-cols-5">
      <Figure
        name={t('costs.total')}
        value={money(total.cost)}
        title={total.cost ? `${total.cost.amount} ${total.cost.currency}` : ''}
        hint={t('costs.total.hint')}
      />
      <Figure name={t('costs.calls')} value={count(total.calls)} />
      <Figure
        name={t('costs.tokens.in')}
        value={tokens(usage.input_tokens)}
        title={count(usage.input_tokens)}
      />
      <Figure
        name={t('costs.tokens.cached')}
        value={tokens(usage.cached_input_tokens)}
        title={count(usage.cached_input_tokens)}
        hint={t('costs.cached.share', { share: share(usage.cached_input_tokens, usage.input_tokens) })}
      />
      <Figure
        name={t('costs.tokens.out')}
        value={tokens(usage.output_tokens)}
        title={count(usage.output_tokens)}
        hint={
          usage.reasoning_tokens > 0
            ? t('costs.reasoning', { tokens: tokens(usage.reasoning_tokens) })
            : undefined
        }
      />
    </dl>
  );
}

// What the sums leave out, by name.
function LeftOut({ total, view }: { total: Schemas['CostTotals']; view: View }) {
  const models = useCosts('model', useRange(view), view.session);
  if (total.unpriced_calls === 0 && total.estimated_calls === 0) return null;
  const unpriced = (models.data?.items ?? []).filter((one) => one.unpriced_calls > 0);
  return (
    <div className="flex flex-col gap-1 rounded-card border border-warn bg-warn-soft px-3 py-2 text-dense text-warn">
      {total.unpriced_calls > 0 && (
        <p>
          {t('costs.unpriced', { count: total.unpriced_calls })}. {t('costs.unpriced.models')}{' '}
          {unpriced.map((one) => (
            <code key={one.key} className="mr-2 font-mono text-label">
              {one.key} ({count(one.unpriced_calls)})
            </code>
          ))}
          <Link to="/models" className="underline">
            {t('costs.unpriced.how')}
          </Link>
        </p>
      )}
      {total.estimated_calls > 0 && <p>{t('costs.estimated', { count: total.estimated_calls })}.</p>}
    </div>
  );
}

// A page that is left open goes on to the next day by itself.
function useRange({ range, day }: Pick<View, 'range' | 'day'>) {
  const today = startOfDay(useNow(kClockMs));
  return useMemo(() => (day ? rangeOfDay(day) : rangeOf(range, today)), [range, day, today]);
}

function Filters({ view }: { view: View }) {
  return (
    <>
      <div className="w-36">
        <Select
          label={t('costs.by')}
          hideLabel
          data-filter
          value={view.groupBy}
          onChange={(event) => view.set({ by: event.target.value })}
        >
          {kGroups.map((one) => (
            <option key={one} value={one}>
              {t(`costs.by.${one}`)}
            </option>
          ))}
        </Select>
      </div>
      {view.day ? (
        <Button small onClick={() => view.set({ day: undefined })}>
          {t('costs.day.only', { day: view.day })} ✕
        </Button>
      ) : (
        <div className="w-44">
          <Select
            label={t('costs.range')}
            hideLabel
            value={view.range}
            onChange={(event) => view.set({ range: event.target.value })}
          >
            {kRanges.map((one) => (
              <option key={one} value={one}>
                {t(`costs.range.${one}`)}
              </option>
            ))}
          </Select>
        </div>
      )}
      {view.session && (
        <Button small onClick={() => view.set({ session: undefined })}>
          {t('costs.session.only', { session: shortId(view.session) })} ✕
        </Button>
      )}
      <span className="text-label text-text-3">{t('costs.utc')}</span>
    </>
  );
}

function Nothing({ view }: { view: View }) {
  const filters = (view.day || view.range !== 'all' ? 1 : 0) + (view.session ? 1 : 0);
  // Whether there is anything at all that the filters could hide.
  const ever = useCosts('day', {});
  if (filters > 0 && ever.data?.items.length !== 0)
    return (
      <Empty
        title={t('costs.filtered')}
        why={t('costs.filtered.why')}
        action={
          <Button onClick={() => view.set({ range: 'all', day: undefined, session: undefined })}>
            {t('costs.clear', { count: filters })}
          </Button>
        }
      />
    );
  return (
    <Empty
      title={t('costs.none')}
      why={t('costs.none.why')}
      action={
        <Link to="/chat" className="text-accent underline">
          {t('costs.none.do')}
        </Link>
      }
    />
  );
}

export function CostsPage() {
  const view = useView();
  const costs = useCosts(view.groupBy, useRange(view), view.session);
  const drawn = useMemo(
    () => costs.data?.items.slice(0, kDrawn).map((group) => group.key) ?? [],
    [costs.data],
  );
  // What is drawn of the chart; the table reads its own as they come in sight.
  const titles = useSessionTitles(costs.data?.group_by === 'session', drawn);
  const [adding, setAdding] = useState(false);
  const { groupBy, set } = view;
  const nameOf = useCallback(
    (key: string) => (key.startsWith('ses_') ? titles.get(key) || shortId(key) : key),
    [titles],
  );
  const actions = useMemo(
    () => [
      {
        id: 'costs.budget',
        label: t('budgets.add'),
        group: t('costs.here'),
        keys: ['n'],
        run: () => setAdding(true),
      },
      {
        id: 'costs.filter',
        label: t('costs.by'),
        group: t('costs.here'),
        keys: ['/'],
        run: () => document.querySelector<HTMLElement>('[data-filter]')?.focus(),
      },
      ...kGroups.map((one) => ({
        id: `costs.by.${one}`,
        label: `${t('costs.by')}: ${t(`costs.by.${one}`)}`,
        group: t('costs.here'),
        run: () => set({ by: one }),
      })),
    ],
    [set],
  );
  useActions(actions);
  return (
    <Page title={t('costs.title')} lead={t('costs.lead')} filters={<Filters view={view} />}>
      <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 xl:grid-cols-[minmax(0,1fr)_400px]">
        <div className="flex min-w-0 flex-col gap-4">
          <Loaded
            query={costs}
            what={t('costs.what')}
            rows={8}
            empty={(report) => report.items.length === 0 && <Nothing view={view} />}
          >
            {(report) => {
              // While another grouping is on its way, what is shown is still the one before.
              const by = kGroups.find((one) => one === report.group_by) ?? groupBy;
              const top = report.items.reduce(
                (a, b) => (dollars(b) > dollars(a) ? b : a),
                report.items[0] as Group,
              );
              const isFree = report.items.every((group) => dollars(group) === 0);
              const summary = isFree
                ? t('costs.chart.free')
                : t('costs.chart.summary', {
                    group: t(`costs.by.${by}`),
                    key: nameOf(top.key) || t('costs.nobody'),
                    cost: money(top.cost),
                    total: money(report.total.cost),
                  });
              return (
                <>
                  <Totals total={report.total} />
                  <LeftOut total={report.total} view={view} />
                  <Suspense
                    fallback={
                      <div aria-busy="true" className="h-60 rounded-card border border-line bg-surface" />
                    }
                  >
                    <CostChart groups={report.items} nameOf={nameOf} summary={summary} />
                  </Suspense>
                  <Rows report={report} groupBy={by} nameOf={nameOf} />
                </>
              );
            }}
          </Loaded>
        </div>
        <Budgets adding={adding} onAdd={() => setAdding(true)} onClose={() => setAdding(false)} />
      </div>
    </Page>
  );
}
