// SPDX-License-Identifier: MIT
// One span: what it did, why it was allowed, what it used. Arguments and results are asked for when a span is chosen, never before.
import { Link } from '@tanstack/react-router';
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { t } from '@/i18n';
import { absolute, count, duration } from '@/lib/format';
import { IconButton } from '@/ui/button';
import { Facts } from '@/ui/page';
import { ErrorNote } from '@/ui/states';
import { Status } from '@/ui/status';
import {
  approvalSearch,
  attr,
  attrNumber,
  attrText,
  type Rows,
  ruleWords,
  type Span,
  shortName,
} from './model';
import { useStep } from './queries';
import { nanoMoney } from './span-rows';

const kShownChars = 4000;

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="border-t border-line px-4 py-3">
      <h3 className="pb-1.5 text-label font-semibold text-text-3">{title}</h3>
      {children}
    </section>
  );
}

function Code({ text }: { text: string }) {
  const shown = text.length > kShownChars ? `${text.slice(0, kShownChars)}…` : text;
  return (
    <pre className="max-h-60 overflow-auto rounded-control bg-sunken p-2 font-mono text-label break-words whitespace-pre-wrap select-text">
      {shown}
    </pre>
  );
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

const kLink = 'break-all text-accent underline';

function workFacts(span: Span): [string, ReactNode][] {
  const asked = attrText(span, 'gen_ai.request.model');
  const answered = attrText(span, 'gen_ai.response.model');
  // As it is configured here; the conventions' name is the vendor's.
  const provider = attrText(span, 'pryx.provider') || attrText(span, 'gen_ai.provider.name');
  const first = attrNumber(span, 'gen_ai.response.time_to_first_chunk');
  const finish = attr(span, 'gen_ai.response.finish_reasons');
  const attempt = attrNumber(span, 'pryx.attempt') ?? 0;
  const facts: [string, ReactNode][] = [];
  if (asked) {
    const full = provider ? `${provider}/${asked}` : asked;
    facts.push([
      t('trace.fact.model'),
      answered && answered !== asked ? t('trace.fact.answered', { asked: full, answered }) : full,
    ]);
  }
  if (attrText(span, 'pryx.purpose')) facts.push([t('trace.fact.purpose'), attrText(span, 'pryx.purpose')]);
  if (span.kind === 'tool' || span.kind === 'approval')
    facts.push([t('trace.fact.tool'), <code key="tool">{attrText(span, 'gen_ai.tool.name')}</code>]);
  if (attrText(span, 'gen_ai.agent.name'))
    facts.push([t('trace.fact.agent'), attrText(span, 'gen_ai.agent.name')]);
  if (attempt > 1) facts.push([t('trace.fact.attempt'), String(attempt)]);
  if (first !== null) facts.push([t('trace.fact.first'), duration(first * 1000)]);
  if (Array.isArray(finish)) facts.push([t('trace.fact.ended'), finish.join(', ')]);
  if (attrText(span, 'pryx.effect_class'))
    facts.push([t('trace.fact.effect'), attrText(span, 'pryx.effect_class')]);
  return facts;
}

function decisionFacts(span: Span): [string, ReactNode][] {
  const rule = attrText(span, 'pryx.policy.rule');
  const policy = attrText(span, 'pryx.policy.version');
  const approval = attrText(span, 'pryx.approval.id');
  const decision = attrText(span, 'pryx.approval.decision');
  const by = attrText(span, 'pryx.approval.by');
  const reason = attrText(span, 'pryx.approval.reason');
  const facts: [string, ReactNode][] = [];
  if (rule)
    facts.push([
      t('trace.fact.rule'),
      <Link key="rule" to="/policy" search={{ q: ruleWords(rule) }} className={kLink}>
        {rule}
      </Link>,
    ]);
  if (policy)
    facts.push([
      t('trace.fact.policy'),
      <code key="policy" title={policy} className="text-label">
        {policy.slice(0, 19)}…
      </code>,
    ]);
  if (decision)
    facts.push([t('trace.fact.decision'), by ? t('trace.fact.decisionBy', { decision, by }) : decision]);
  if (reason) facts.push([t('trace.fact.reason'), reason]);
  if (approval)
    facts.push([
      t('trace.fact.approval'),
      <Link key="approval" to="/approvals" search={approvalSearch(span)} className={kLink}>
        {approval}
      </Link>,
    ]);
  return facts;
}

function Tokens({ span }: { span: Span }) {
  const input = attrNumber(span, 'gen_ai.usage.input_tokens');
  const nano = attrNumber(span, 'pryx.cost.nano_usd');
  if (input === null && nano === null) return null;
  const of = (name: string) => count(attrNumber(span, `gen_ai.usage.${name}`) ?? 0);
  const estimated = attr(span, 'pryx.usage.estimated') === true;
  const cells: [string, string][] = [
    [t('trace.tokens.in'), of('input_tokens')],
    [t('trace.tokens.out'), of('output_tokens')],
    [t('trace.tokens.cached'), of('cache_read.input_tokens')],
    [t('trace.tokens.written'), of('cache_creation.input_tokens')],
    [t('trace.tokens.reasoning'), of('reasoning.output_tokens')],
    [t('trace.tokens.cost'), nano === null ? t('trace.foot.unpriced', { count: 1 }) : nanoMoney(nano)],
  ];
  return (
    <Section title={estimated ? `${t('trace.tokens')} · ${t('trace.foot.estimated')}` : t('trace.tokens')}>
      <dl className="grid grid-cols-3 gap-2">
        {cells.map(([name, value]) => (
          <div key={name} className="rounded-control bg-sunken px-2 py-1.5">
            <dt className="text-meta text-text-3">{name}</dt>
            <dd className="text-dense font-medium">{value}</dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}

function StepOf({ span }: { span: Span }) {
  const step = useStep(span);
  if (step.isError)
    return (
      <Section title={t('trace.step')}>
        <ErrorNote error={step.error} what={t('trace.step.failed')} retry={() => void step.refetch()} />
      </Section>
    );
  if (!step.data || (!step.data.arguments && !step.data.summary)) return null;
  return (
    <Section title={t('trace.step')}>
      {step.data.arguments && (
        <>
          <p className="pb-1 text-label text-text-3">{t('trace.step.arguments')}</p>
          <Code text={pretty(step.data.arguments)} />
        </>
      )}
      {step.data.summary && (
        <>
          <p className="pt-2 pb-1 text-label text-text-3">{t('trace.step.result')}</p>
          <Code text={step.data.summary} />
        </>
      )}
    </Section>
  );
}

export function SpanDetails({
  rows,
  index,
  now,
  onClose,
}: {
  rows: Rows;
  index: number;
  now: number;
  onClose: () => void;
}) {
  const span = rows.spans[index];
  const close = <IconButton small icon={X} label={t('trace.details.toggle')} keys="\" onClick={onClose} />;
  if (!span)
    return (
      <div className="flex items-start gap-2 p-4 text-dense text-text-2">
        <p className="flex-1">{t('trace.details.none')}</p>
        {close}
      </div>
    );
  const start = rows.start[index] ?? 0;
  const stop = rows.stop[index] ?? start;
  const ready = rows.ready[index] ?? start;
  const isOpen = stop === Number.POSITIVE_INFINITY;
  const error = [attrText(span, 'error.type'), span.message].filter(Boolean).join(': ');
  const facts: [string, ReactNode][] = [
    [t('trace.fact.kind'), t(`trace.kind.${span.kind}`)],
    [
      t('trace.fact.started'),
      <span key="at" title={span.started_at}>
        {absolute(span.started_at)}
        <span className="block text-label text-text-3">
          {t('trace.fact.at', { offset: duration(start) })}
        </span>
      </span>,
    ],
    [
      t('trace.fact.took'),
      isOpen ? t('trace.fact.sofar', { took: duration(now - start) }) : duration(stop - start),
    ],
    ...(ready < start ? [[t('trace.fact.waited'), duration(start - ready)] as [string, string]] : []),
    ...workFacts(span),
    ...decisionFacts(span),
  ];
  return (
    <div>
      <header className="sticky top-0 z-10 flex items-start gap-2 border-b border-line bg-surface px-4 py-3">
        <div className="min-w-0 flex-1">
          <h2 className="text-body font-semibold break-words">{shortName(span)}</h2>
          <div className="pt-1">
            <Status state={span.status === 'open' ? 'running' : span.status} />
          </div>
        </div>
        {close}
      </header>
      {error && (
        <p className="border-b border-bad bg-bad-soft px-4 py-2 text-dense break-words text-bad">
          <span className="font-semibold">{t('trace.fact.error')}: </span>
          {error}
        </p>
      )}
      <div className="px-4 py-3">
        <Facts facts={facts} />
      </div>
      <Tokens span={span} />
      {span.step_id && <StepOf span={span} />}
      <Section title={t('trace.attributes')}>
        <dl className="flex flex-col gap-1 font-mono text-meta">
          {Object.entries(span.attributes as Record<string, unknown>).map(([name, value]) => (
            <div key={name}>
              <dt className="text-text-3">{name}</dt>
              <dd className="pl-3 break-words">
                {typeof value === 'string' ? value : JSON.stringify(value)}
              </dd>
            </div>
          ))}
        </dl>
      </Section>
      <Section title={t('trace.ids')}>
        <ul className="flex flex-col gap-1 font-mono text-meta">
          {[span.trace_id, span.span_id, span.turn_id, span.session_id, span.step_id].map(
            (id) =>
              id && (
                <li key={id} className="break-all select-all">
                  {id}
                </li>
              ),
          )}
        </ul>
      </Section>
    </div>
  );
}
