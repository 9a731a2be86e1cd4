// SPDX-License-Identifier: MIT
// The same rules, read the other way round: which hosts, commands, paths and tools are allowed, asked about and denied.
import { Plus } from 'lucide-react';
import { useMemo, useState } from 'react';
import { t } from '@/i18n';
import { Button } from '@/ui/button';
import { Select, TextField } from '@/ui/field';
import { Grants } from './grants';
import {
  addRule,
  kLists,
  kVerdict,
  type List,
  type PlacedRule,
  readPolicy,
  removeRule,
  replaceRule,
} from './policy-text';
import { Refused } from './refused';
import { LineLink, Verdict } from './verdict';
import { useEdit, type Working } from './working';

const kKinds = ['domains', 'commands', 'paths'] as const;
type Kind = (typeof kKinds)[number];
// The tool that an entry is about when there is no rule to join yet. A denied host or path is denied to every
// tool: commands reach them, too.
const kTool: Record<Kind, string> = { domains: 'http.request', commands: 'shell.exec', paths: 'fs.*' };
const toolFor = (kind: Kind, list: List) => (list === 'denied' && kind !== 'commands' ? '*' : kTool[kind]);

// Put with a rule that is limited by this kind alone, else into a rule of its own.
export function addEntry(text: string, kind: Kind, list: List, value: string): string {
  const home = readPolicy(text).rules.find(
    (rule) =>
      rule.list === list &&
      rule.tool === toolFor(kind, list) &&
      rule[kind].length > 0 &&
      standsAlone(kind, rule),
  );
  if (home) return replaceRule(text, home, { ...home, [kind]: [...home[kind], value] });
  const none = { when: [], commands: [], domains: [], paths: [] };
  return addRule(text, { list, tool: toolFor(kind, list), ...none, [kind]: [value] });
}

// The last entry takes its rule with it, unless the rule says more: then it would begin to hold for everything.
const standsAlone = (kind: Kind, rule: PlacedRule) =>
  rule.when.length === 0 && kKinds.every((other) => other === kind || rule[other].length === 0);

function removeEntry(text: string, kind: Kind, rule: PlacedRule, value: string): string {
  if (rule[kind].length === 1) return removeRule(text, rule);
  return replaceRule(text, rule, { ...rule, [kind]: rule[kind].filter((one) => one !== value) });
}

function Entry({
  value,
  rule,
  onRemove,
  onGo,
}: {
  value: string;
  rule: PlacedRule;
  onRemove: (() => void) | undefined;
  onGo: (line: number) => void;
}) {
  return (
    <li className="flex min-h-8 items-center gap-2 border-t border-line px-3 text-dense first:border-t-0">
      <span className="w-20 shrink-0">
        <Verdict is={kVerdict[rule.list]} bare />
      </span>
      <span className="min-w-0 flex-1 truncate font-mono text-label" title={value}>
        {value}
      </span>
      <span className="truncate font-mono text-label text-text-3">{rule.tool}</span>
      <LineLink line={rule.line} onGo={onGo} />
      {onRemove && (
        <Button
          small
          kind="quiet"
          aria-label={t('lists.remove', { value })}
          title={t('lists.remove', { value })}
          onClick={onRemove}
        >
          {t('lists.remove.short')}
        </Button>
      )}
    </li>
  );
}

function KindList({
  kind,
  rules,
  working,
  onGo,
}: {
  kind: Kind;
  rules: PlacedRule[];
  working: Working;
  onGo: (line: number) => void;
}) {
  const [value, setValue] = useState('');
  const [list, setList] = useState<List>('denied');
  const { error, attempt } = useEdit();
  const entries = rules.flatMap((rule) => rule[kind].map((one) => ({ rule, value: one })));
  const add = () => {
    const entry = value.trim();
    if (!entry || working.busy) return;
    void attempt(
      async () =>
        working.change(addEntry(working.text, kind, list, entry), t('lists.added', { value: entry })),
      () => setValue(''),
    );
  };
  const remove = (rule: PlacedRule, entry: string) =>
    void attempt(async () =>
      working.change(removeEntry(working.text, kind, rule, entry), t('lists.removed', { value: entry })),
    );
  return (
    <section className="flex min-w-0 flex-col rounded-card border border-line bg-surface">
      <h2 className="border-b border-line px-3 py-2 text-body font-semibold">{t(`lists.${kind}`)}</h2>
      <form
        className="flex items-end gap-2 border-b border-line p-3"
        onSubmit={(event) => {
          event.preventDefault();
          add();
        }}
      >
        <div className="w-24 shrink-0">
          <Select
            label={t('lists.decision', { list: t(`lists.${kind}`) })}
            hideLabel
            value={list}
            onChange={(event) => setList(event.target.value as List)}
          >
            {kLists.map((one) => (
              <option key={one} value={one}>
                {t(`policy.verdict.${kVerdict[one]}`)}
              </option>
            ))}
          </Select>
        </div>
        <div className="min-w-0 flex-1">
          <TextField
            label={t(`lists.${kind}.add`)}
            hideLabel
            placeholder={t(`lists.${kind}.example`)}
            spellCheck={false}
            className="font-mono"
            value={value}
            onChange={(event) => setValue(event.target.value)}
          />
        </div>
        <Button
          type="submit"
          icon={Plus}
          aria-label={t('lists.add.to', { list: t(`lists.${kind}`) })}
          disabled={!value.trim()}
          busy={working.busy}
          offline={working.dirty}
        >
          {t('lists.add')}
        </Button>
      </form>
      <Refused error={error} />
      {entries.length === 0 ? (
        <p className="p-4 text-dense text-text-2">{t(`lists.${kind}.none`)}</p>
      ) : (
        <ul>
          {entries.map(({ rule, value: one }) => (
            <Entry
              key={`${rule.list}${rule.nth}${one}`}
              value={one}
              rule={rule}
              onGo={onGo}
              onRemove={
                rule[kind].length > 1 || standsAlone(kind, rule) ? () => remove(rule, one) : undefined
              }
            />
          ))}
        </ul>
      )}
    </section>
  );
}

export function Lists({ working, onGo }: { working: Working; onGo: (line: number) => void }) {
  const read = useMemo(() => readPolicy(working.text), [working.text]);
  return (
    <div className="flex flex-col gap-6">
      {read.odd ? (
        <p className="text-dense text-text-2">{t('rules.odd.why', { why: read.odd })}</p>
      ) : (
        <div className="grid grid-cols-[minmax(0,1fr)] gap-4 xl:grid-cols-3">
          {kKinds.map((kind) => (
            <KindList key={kind} kind={kind} rules={read.rules} working={working} onGo={onGo} />
          ))}
        </div>
      )}
      <Grants />
    </div>
  );
}
