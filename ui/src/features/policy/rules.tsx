// SPDX-License-Identifier: MIT
import { useNavigate, useSearch } from '@tanstack/react-router';
import { Pencil, Plus, Trash2 } from 'lucide-react';
import { useMemo } from 'react';
import { t } from '@/i18n';
import { Button, IconButton } from '@/ui/button';
import { TextField, useOwnText } from '@/ui/field';
import { Table } from '@/ui/list';
import { Empty } from '@/ui/states';
import { kLimits, kVerdict, type PlacedRule, readPolicy, removeRule } from './policy-text';
import { Refused } from './refused';
import type { RuleSeed } from './rule-dialog';
import { LineLink, Verdict } from './verdict';
import { useEdit, type Working } from './working';

function Limits({ rule }: { rule: PlacedRule }) {
  const parts = kLimits.filter((kind) => rule[kind].length > 0);
  if (parts.length === 0 && rule.when.length === 0)
    return <span className="text-text-3">{t('rules.every')}</span>;
  return (
    <span className="flex flex-col gap-0.5">
      {rule.when.map((condition) => (
        <span key={condition}>{t(`rule.when.${condition}`)}</span>
      ))}
      {parts.map((kind) => (
        <span key={kind}>
          <span className="text-text-3">{t(`rules.${kind}`)} </span>
          <span className="font-mono text-label">{rule[kind].join(' · ')}</span>
        </span>
      ))}
    </span>
  );
}

// The engine's own rules: always there, above every file.
function Always() {
  return (
    <details className="rounded-card border border-line bg-surface px-3 py-2 text-dense">
      <summary className="min-h-6 font-medium">{t('rules.always')}</summary>
      <ul className="mt-1 list-disc pl-5 text-text-2">
        {['outside', 'sandbox', 'parse', 'digest', 'labels', 'nothing'].map((one) => (
          <li key={one}>{t(`rules.always.${one}`)}</li>
        ))}
      </ul>
    </details>
  );
}

function fits(rule: PlacedRule, words: string): boolean {
  const text = [
    kVerdict[rule.list],
    rule.tool,
    rule.note,
    ...rule.when,
    ...rule.commands,
    ...rule.domains,
    ...rule.paths,
  ]
    .join(' ')
    .toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

export function Rules({
  working,
  onRule,
  onGo,
}: {
  working: Working;
  onRule: (seed: RuleSeed) => void;
  onGo: (line: number) => void;
}) {
  const search = useSearch({ strict: false }) as Record<string, string | undefined>;
  const navigate = useNavigate();
  const { text } = working;
  const read = useMemo(() => readPolicy(text), [text]);
  const { error, attempt } = useEdit();
  const words = search.q ?? '';
  const filter = (q: string) =>
    void navigate({ to: '.', search: { ...search, q: q || undefined }, replace: true });
  const [typed, setTyped] = useOwnText(words, filter);
  if (read.odd)
    return (
      <Empty
        title={t('rules.odd')}
        why={t('rules.odd.why', { why: read.odd })}
        action={<Button onClick={() => onGo(1)}>{t('rules.source')}</Button>}
      />
    );
  const shown = read.rules.filter((rule) => fits(rule, words));
  const remove = (rule: PlacedRule) =>
    void attempt(async () => working.change(removeRule(text, rule), t('rule.removed', { tool: rule.tool })));
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-2">
        <div className="w-72 max-w-full">
          <TextField
            label={t('rules.filter')}
            hideLabel
            placeholder={t('rules.filter')}
            data-filter
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        </div>
        <p className="min-w-0 flex-1 basis-64 text-label text-text-3">{t('rules.order')}</p>
        <Button kind="primary" icon={Plus} keys="n" onClick={() => onRule({})}>
          {t('rule.add')}
        </Button>
      </div>
      <Refused error={error} />
      <Always />
      {read.rules.length === 0 ? (
        <Empty
          title={t('rules.none')}
          why={t('rules.none.why')}
          action={<Button onClick={() => onRule({})}>{t('rule.add')}</Button>}
        />
      ) : shown.length === 0 ? (
        <Empty
          title={t('rules.filtered')}
          why={t('rules.filtered.why', { count: read.rules.length })}
          action={<Button onClick={() => filter('')}>{t('rules.clear')}</Button>}
        />
      ) : (
        <Table
          label={t('policy.tab.rules')}
          head={[
            t('rules.col.line'),
            t('rules.col.decision'),
            t('rules.col.tool'),
            t('rules.col.limits'),
            t('rules.col.note'),
            t('rules.col.actions'),
          ]}
        >
          {shown.map((rule) => (
            <tr key={`${rule.list}${rule.nth}`} className="hover:bg-sunken">
              <td className="w-12 text-right">
                <LineLink line={rule.line} onGo={onGo} />
              </td>
              <td className="w-24">
                <Verdict is={kVerdict[rule.list]} />
              </td>
              <td className="font-mono text-label leading-5! whitespace-nowrap">{rule.tool}</td>
              <td>
                <Limits rule={rule} />
              </td>
              <td className={rule.note ? 'min-w-48 text-text-2' : ''}>{rule.note}</td>
              <td className="w-20 whitespace-nowrap">
                <IconButton
                  small
                  icon={Pencil}
                  label={t('rules.edit', { tool: rule.tool })}
                  onClick={() => onRule({ ...rule, old: rule })}
                />
                <IconButton
                  small
                  icon={Trash2}
                  label={t('rules.remove', { tool: rule.tool })}
                  busy={working.busy}
                  offline={working.dirty}
                  onClick={() => remove(rule)}
                />
              </td>
            </tr>
          ))}
        </Table>
      )}
    </div>
  );
}
