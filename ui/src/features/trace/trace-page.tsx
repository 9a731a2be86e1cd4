// SPDX-License-Identifier: MIT
// What a turn did over time. The view lives in the address: ?span= the selection, ?from= and ?to= the stretch in milliseconds, ?q= the
// search, ?view=table, ?waits=full, ?details=off.
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { Ellipsis, MessageSquare, Table2 } from 'lucide-react';
import { useMemo } from 'react';
import { menuOf } from '@/actions/menu-item';
import { useStateActions } from '@/actions/state-actions';
import { addMessages, t } from '@/i18n';
import { count, duration, money, shortId, tokens } from '@/lib/format';
import { Button, IconButton } from '@/ui/button';
import { copyText } from '@/ui/copy';
import { Menu } from '@/ui/menu';
import { Page } from '@/ui/page';
import { Empty, Loaded } from '@/ui/states';
import { Status } from '@/ui/status';
import { Legend, Toolbar } from './controls';
import { traceMessages } from './messages';
import { type Trace, useNow, useTrace } from './queries';
import { SpanDetails } from './span-details';
import { summarise } from './summary';
import { Timeline } from './timeline';
import { TraceTable } from './trace-table';
import { useTraceActions, useTraceState } from './use-trace-state';

addMessages(traceMessages);

type Search = Record<string, string | undefined>;

function Foot({ trace, tookMs }: { trace: Trace; tookMs: number }) {
  const { usage, cost, calls, unpriced_calls: unpriced, estimated_calls: estimated } = trace.total;
  const parts: [string, string, string?][] = [
    [t('trace.foot.latency'), duration(tookMs)],
    [
      t('trace.foot.tokens'),
      `${tokens(usage.input_tokens)} → ${tokens(usage.output_tokens)}`,
      `${count(usage.input_tokens)} → ${count(usage.output_tokens)}`,
    ],
    [t('trace.foot.cost'), money(cost)],
  ];
  const notes = [
    t('trace.foot.calls', { count: calls }),
    usage.cached_input_tokens > 0 && t('trace.foot.cached', { tokens: tokens(usage.cached_input_tokens) }),
    unpriced > 0 && t('trace.foot.unpriced', { count: unpriced }),
    estimated > 0 && t('trace.foot.estimated'),
  ].filter(Boolean);
  return (
    <footer className="flex min-w-0 flex-wrap items-center gap-x-5 gap-y-1 pt-2 text-label text-text-2">
      {parts.map(([name, value, title]) => (
        <span key={name} title={title}>
          <span className="text-text-3">{name} </span>
          <span className="font-medium text-text">{value}</span>
        </span>
      ))}
      <span title={t('trace.foot.own')}>{notes.join(' · ')}</span>
    </footer>
  );
}

function SummaryLine({ trace, sum }: { trace: Trace; sum: ReturnType<typeof summarise> }) {
  const waits = sum.queuedMs + sum.waitedMs > 500;
  return (
    <p className="pb-2 text-dense text-text-2">
      {t('trace.summary', {
        state: t(`trace.state.${trace.state}`),
        took: duration(sum.tookMs),
        models: sum.modelCalls,
        tools: sum.toolCalls,
        failed: sum.failed,
        retries: sum.retries,
      })}{' '}
      {waits && t('trace.summary.waits', { queued: duration(sum.queuedMs), waited: duration(sum.waitedMs) })}{' '}
      {sum.slowest && t('trace.summary.slowest', { name: sum.slowest, took: duration(sum.slowestMs) })}
    </p>
  );
}

function saveJson(trace: Trace): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(trace)], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `${trace.turn_id}.trace.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

const kMenu = ['trace.copyId', 'trace.link', 'trace.export', 'trace.waits', 'trace.foldAll'];

// What one takes along from a trace.
const useTakeActions = (trace: Trace | undefined) =>
  useStateActions('trace', { trace }, (one) => [
    one(
      'copyId',
      'trace.copyId',
      [],
      (s) => s.trace && copyText(s.trace.trace_id),
      (s) => s.trace !== undefined,
    ),
    // The address holds what is selected and how it is shown.
    one('link', 'trace.link', ['c l'], () => copyText(location.href, t('ui.row.link.done'))),
    one(
      'export',
      'trace.export',
      [],
      (s) => s.trace && saveJson(s.trace),
      (s) => s.trace !== undefined,
    ),
  ]);

function Shown({
  trace,
  state,
  now,
}: {
  trace: Trace;
  state: ReturnType<typeof useTraceState>;
  now: number;
}) {
  const { rows } = state;
  const sum = useMemo(() => summarise(rows, now), [rows, now]);
  return (
    <>
      <SummaryLine trace={trace} sum={sum} />
      <Toolbar state={state} failed={sum.failed} />
      {state.isTable ? (
        <TraceTable
          rows={rows}
          visible={state.visible}
          selected={state.selected}
          now={now}
          onSelect={state.select}
          onOpen={state.open}
        />
      ) : (
        <Timeline
          rows={rows}
          axis={state.axis}
          visible={state.visible}
          view={state.view}
          onView={state.setView}
          selected={state.selected}
          onSelect={state.select}
          onOpen={state.open}
          found={state.found}
          folded={state.folded}
          onFold={state.fold}
          onGap={state.openGap}
          now={now}
          scroller={state.scroller}
        />
      )}
      <div className="flex flex-wrap items-center justify-between gap-x-6">
        <Foot trace={trace} tookMs={sum.tookMs} />
        {!state.isTable && <Legend />}
      </div>
    </>
  );
}

export function TracePage() {
  const { turn = '' } = useParams({ strict: false }) as { turn?: string };
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const query = useTrace(turn);
  const rows = query.data?.rows;
  const now = useNow(rows);
  const state = useTraceState(rows, now, search);
  const trace = query.data?.trace;
  const viewActions = useTraceActions(state);
  const takeActions = useTakeActions(trace);
  const openSession = () =>
    trace && void navigate({ to: '/chat/$session', params: { session: trace.session_id }, search: { turn } });
  const hasRows = trace !== undefined && trace.spans.length > 0;
  return (
    <Page
      fixed
      title={t('trace.title')}
      status={
        trace && (
          <>
            <code className="text-label whitespace-nowrap text-text-3" title={turn}>
              {shortId(turn)}
            </code>
            <Status state={trace.state} />
            <span className="text-label text-text-3">{t('trace.spans', { count: trace.spans.length })}</span>
          </>
        )
      }
      secondary={
        trace && (
          <>
            <Button icon={Table2} keys="v" aria-pressed={state.isTable} onClick={state.toggleTable}>
              {t(state.isTable ? 'trace.timeline' : 'trace.table')}
            </Button>
            <Menu
              label={t('trace.more')}
              trigger={<IconButton icon={Ellipsis} label={t('trace.more')} />}
              items={menuOf([...takeActions, ...viewActions], kMenu)}
            />
          </>
        )
      }
      primary={
        trace && (
          <Button icon={MessageSquare} onClick={openSession}>
            {t('trace.openSession')}
          </Button>
        )
      }
      details={
        hasRows && state.hasDetails ? (
          <SpanDetails rows={state.rows} index={state.selected} now={now} onClose={state.toggleDetails} />
        ) : undefined
      }
      detailsLabel={t('trace.details')}
    >
      <Loaded
        query={query}
        what={t('trace.failed')}
        rows={10}
        empty={(data) =>
          data.trace.spans.length === 0 && <Empty title={t('trace.empty.title')} why={t('trace.empty.why')} />
        }
      >
        {(data) => <Shown trace={data.trace} state={state} now={now} />}
      </Loaded>
    </Page>
  );
}
