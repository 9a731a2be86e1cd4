// SPDX-License-Identifier: MIT
// One rule as a form, with the lines it will stand in and what it would have changed.
import { useId, useMemo, useState } from 'react';
import { t } from '@/i18n';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { Checkbox, Field, TextArea, TextField } from '@/ui/field';
import { ErrorNote } from '@/ui/states';
import {
  addRule,
  findRule,
  kConditions,
  kLimits,
  kLists,
  kVerdict,
  type PlacedRule,
  type Rule,
  replaceRule,
  writeRule,
} from './policy-text';
import { useTools } from './queries';
import { Refused } from './refused';
import { Replay } from './replay';
import { Verdict } from './verdict';
import { useEdit, type Working } from './working';

const kGlobs = ['*', 'fs.*', 'shell.*', 'http.*', 'memory.*', 'mcp.*', 'agent.*'];
const linesOf = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);

export function ToolField({
  value,
  onChange,
  globs,
}: {
  value: string;
  onChange: (tool: string) => void;
  globs?: boolean;
}) {
  const list = useId();
  const tools = useTools();
  return (
    <>
      <TextField
        label={t('rule.tool')}
        hint={globs ? t('rule.tool.hint') : undefined}
        list={list}
        required
        autoComplete="off"
        spellCheck={false}
        className="font-mono"
        value={value}
        onChange={(event) => onChange(event.target.value.trim())}
      />
      <datalist id={list}>
        {[...(globs ? kGlobs : []), ...(tools.data ?? []).map((tool) => tool.name)].map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </>
  );
}

function Decision({ value, onChange }: { value: Rule['list']; onChange: (list: Rule['list']) => void }) {
  const name = useId();
  return (
    <fieldset className="flex flex-col gap-1">
      <legend className="text-label font-medium text-text-2">{t('rule.decision')}</legend>
      <div className="flex flex-wrap gap-2">
        {kLists.map((list) => (
          <label
            key={list}
            className="flex min-h-8 cursor-pointer items-center gap-2 rounded-control border border-control px-3 text-dense has-checked:border-accent has-checked:bg-accent-soft"
          >
            <input
              type="radio"
              name={name}
              className="accent-(--accent)"
              checked={value === list}
              onChange={() => onChange(list)}
            />
            <Verdict is={kVerdict[list]} bare />
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function tryText(working: Working, old: PlacedRule | undefined, rule: Rule): { next: string; why: string } {
  if (!rule.tool) return { next: '', why: '' };
  try {
    return { next: old ? replaceRule(working.text, old, rule) : addRule(working.text, rule), why: '' };
  } catch (error) {
    return { next: '', why: t('rule.odd', { why: error instanceof Error ? error.message : '' }) };
  }
}

export type RuleSeed = Partial<Rule> & { old?: PlacedRule };

export function RuleDialog({
  seed,
  working,
  onClose,
}: {
  seed: RuleSeed;
  working: Working;
  onClose: () => void;
}) {
  // Its place in the text as that is by now.
  const old = useMemo(() => seed.old && findRule(working.text, seed.old), [seed.old, working.text]);
  const [list, setList] = useState<Rule['list']>(seed.list ?? 'denied');
  const [tool, setTool] = useState(seed.tool ?? '');
  const [when, setWhen] = useState<string[]>(seed.when ?? []);
  const [limits, setLimits] = useState({
    commands: (seed.commands ?? []).join('\n'),
    domains: (seed.domains ?? []).join('\n'),
    paths: (seed.paths ?? []).join('\n'),
  });
  const rule: Rule = useMemo(
    () => ({
      list,
      tool,
      when,
      commands: linesOf(limits.commands),
      domains: linesOf(limits.domains),
      paths: linesOf(limits.paths),
    }),
    [list, tool, when, limits],
  );
  const [begun] = useState(() => JSON.stringify(rule));
  const { next, why } = useMemo(() => tryText(working, old, rule), [working, old, rule]);
  const { error, attempt } = useEdit();
  const save = () => {
    if (!next || working.busy) return;
    void attempt(() => working.change(next, t(old ? 'rule.changed' : 'rule.added', { tool })), onClose);
  };
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      // Who leaves while it is saved finds a refusal above the tabs.
      dirty={!working.busy && JSON.stringify(rule) !== begun}
      title={old ? t('rule.edit', { line: old.line }) : t('rule.add')}
      description={t('rule.order')}
      footer={
        <>
          <Button onClick={onClose}>{t('ui.cancel')}</Button>
          <Button
            kind="primary"
            keys="mod+enter"
            disabled={!next}
            busy={working.busy}
            offline={working.dirty}
            onClick={save}
          >
            {working.dirty ? t('rule.save.draft') : t('rule.save')}
          </Button>
        </>
      }
    >
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) save();
        }}
      >
        <div className="grid gap-4 md:grid-cols-2">
          <ToolField globs value={tool} onChange={setTool} />
          <Decision value={list} onChange={setList} />
        </div>
        <fieldset>
          <legend className="mb-1 text-label font-medium text-text-2">{t('rule.when')}</legend>
          <div className="grid gap-1 md:grid-cols-2">
            {kConditions.map((condition) => (
              <Checkbox
                key={condition}
                label={t(`rule.when.${condition}`)}
                checked={when.includes(condition)}
                onChange={(event) =>
                  setWhen(
                    event.target.checked ? [...when, condition] : when.filter((one) => one !== condition),
                  )
                }
              />
            ))}
          </div>
        </fieldset>
        <div className="grid gap-4 md:grid-cols-3">
          {kLimits.map((kind) => (
            <TextArea
              key={kind}
              rows={3}
              label={t(`rule.${kind}`)}
              hint={t(`rule.${kind}.hint`)}
              spellCheck={false}
              className="font-mono text-label"
              value={limits[kind]}
              onChange={(event) => setLimits({ ...limits, [kind]: event.target.value })}
            />
          ))}
        </div>
        <p className="text-label text-text-3">
          {t(list === 'allowed' ? 'rule.limits.all' : 'rule.limits.one')}
        </p>
        {seed.old && !old && (
          <p role="status" className="text-dense text-warn">
            {t('rule.gone')}
          </p>
        )}
        {why && <ErrorNote error={new Error(why)} what={t('rule.cannot')} />}
        {next && (
          <>
            <Field label={t('rule.lines')}>
              {() => (
                <pre className="overflow-x-auto rounded-control bg-sunken p-2 font-mono text-label">
                  {[`${list}:`, ...writeRule(rule, 2, old?.note)].join('\n')}
                </pre>
              )}
            </Field>
            <Replay text={next} />
          </>
        )}
        <Refused error={error} />
        <button type="submit" className="sr-only" tabIndex={-1} aria-hidden>
          {t('rule.save')}
        </button>
      </form>
    </Dialog>
  );
}
