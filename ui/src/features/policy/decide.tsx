// SPDX-License-Identifier: MIT
// A call that did not happen, decided: by which rule, and which rules were passed on the way. It can be kept as a test.
import { Play, Save } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { Schemas } from '@/api/client';
import { t } from '@/i18n';
import { Button } from '@/ui/button';
import { Checkbox, TextArea, TextField } from '@/ui/field';
import { Table } from '@/ui/list';
import { ErrorNote } from '@/ui/states';
import { Chip } from '@/ui/status';
import { addTest } from './policy-text';
import { useDecide, useReach, useTools } from './queries';
import { Refused } from './refused';
import { ToolField } from './rule-dialog';
import { LineLink, Verdict } from './verdict';
import { useEdit, type Working } from './working';

const kLabels = ['owner', 'file', 'web', 'memory', 'channel:openai', 'mcp:example', 'private', 'secret'];

type Parsed = { value: Record<string, unknown>; error: string };

function parseArguments(text: string): Parsed {
  if (text.trim() === '') return { value: {}, error: '' };
  try {
    const value = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { value, error: '' };
    return { value: {}, error: t('decide.arguments.object') };
  } catch (error) {
    return { value: {}, error: error instanceof Error ? error.message : String(error) };
  }
}

const kSamples: Record<string, unknown> = {
  path: 'notes.txt',
  command: 'git push',
  url: 'https://example.com/',
  content: 'hello',
  method: 'GET',
};

// What the tool cannot do without, with plausible values to start from.
export function sampleArguments(tool: Schemas['Tool'] | undefined): string {
  const schema = (tool?.parameters ?? {}) as {
    required?: string[];
    properties?: Record<string, { type?: string; enum?: unknown[] }>;
  };
  const names = new Set(schema.required ?? []);
  if (schema.properties?.command) names.add('command');
  if (schema.properties?.path && names.size === 0) names.add('path');
  const value = Object.fromEntries(
    [...names].map((name) => {
      const property = schema.properties?.[name];
      const byType = property?.type === 'integer' ? 1 : property?.type === 'boolean' ? false : '';
      return [name, property?.enum?.[0] ?? kSamples[name] ?? byType];
    }),
  );
  return JSON.stringify(value, null, 2);
}

function Considered({ decision, onGo }: { decision: Schemas['Decision']; onGo: (line: number) => void }) {
  const [all, setAll] = useState(false);
  const rows = all
    ? decision.considered
    : decision.considered.filter((one) => !/^(another tool|does not apply)$/.test(one.outcome));
  const hidden = decision.considered.length - rows.length;
  return (
    <div className="flex flex-col gap-2">
      <Table
        label={t('decide.considered')}
        head={[
          t('decide.col.step'),
          t('decide.col.layer'),
          t('decide.col.rule'),
          t('rules.col.line'),
          t('decide.col.outcome'),
        ]}
      >
        {rows.map((one, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the same rule may be looked at twice
          <tr key={index} className={one.outcome === 'decides' ? 'bg-accent-soft' : ''}>
            <td className="whitespace-nowrap text-text-2">{t(`decide.step.${one.step}`)}</td>
            <td className="whitespace-nowrap">{one.layer}</td>
            <td className="font-mono text-label">{one.rule}</td>
            <td className="text-right">
              <LineLink line={one.line} onGo={onGo} />
            </td>
            <td className={one.outcome === 'decides' ? 'font-medium' : 'text-text-2'}>{one.outcome}</td>
          </tr>
        ))}
      </Table>
      {(hidden > 0 || all) && (
        <Button small kind="quiet" className="self-start" onClick={() => setAll(!all)}>
          {all ? t('decide.fewer') : t('decide.all', { count: hidden })}
        </Button>
      )}
    </div>
  );
}

function SaveTest({
  working,
  test,
}: {
  working: Working;
  test: { tool: string; arguments: Record<string, unknown>; context: string[]; expect: string };
}) {
  const [name, setName] = useState(`${test.tool} ${t(`policy.verdict.${test.expect}`).toLowerCase()}`);
  const { error, attempt } = useEdit();
  const save = () =>
    void attempt(async () =>
      working.change(addTest(working.text, { ...test, name: name.trim() }), t('tests.saved', { name })),
    );
  return (
    <form
      className="flex flex-wrap items-end gap-2 border-t border-line pt-3"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <div className="w-80 max-w-full">
        <TextField label={t('tests.name')} value={name} onChange={(event) => setName(event.target.value)} />
      </div>
      <Button type="submit" icon={Save} disabled={!name.trim()} busy={working.busy}>
        {t('tests.save')}
      </Button>
      <span className="pb-1.5 text-label text-text-3">{t('tests.save.hint')}</span>
      <Refused error={error} />
    </form>
  );
}

function Reach({ tool }: { tool: string }) {
  const reach = useReach(tool);
  if (!reach.data) return null;
  return (
    <p className="text-label text-text-2">
      {reach.data.known ? '' : `${t('decide.unknown')} `}
      {t(`modes.can.${reach.data.can}`)}: {reach.data.reason}
    </p>
  );
}

export function Decide({ working, onGo }: { working: Working; onGo: (line: number) => void }) {
  const tools = useTools();
  const [tool, setTool] = useState('');
  const [args, setArgs] = useState<string | null>(null);
  const [labels, setLabels] = useState<string[]>(['owner']);
  const decide = useDecide();
  const known = tools.data?.find((one) => one.name === tool);
  const text = args ?? sampleArguments(known);
  const parsed = useMemo(() => parseArguments(text), [text]);
  const [asked, setAsked] = useState<Schemas['PolicyTestRequest'] | null>(null);
  const run = () => {
    if (!tool || parsed.error) return;
    const body = { tool, arguments: parsed.value, labels, ...(working.dirty ? { text: working.text } : {}) };
    setAsked(body);
    decide.mutate(body);
  };
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-6 xl:grid-cols-[minmax(320px,440px)_minmax(0,1fr)]">
      <form
        className="flex flex-col gap-4 rounded-card border border-line bg-surface p-4"
        onSubmit={(event) => {
          event.preventDefault();
          run();
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) run();
        }}
      >
        <div>
          <ToolField
            value={tool}
            onChange={(next) => {
              setTool(next);
              setArgs(null);
            }}
          />
          {known && <Reach tool={tool} />}
        </div>
        <TextArea
          label={t('decide.arguments')}
          rows={6}
          spellCheck={false}
          className="font-mono text-label"
          error={parsed.error || undefined}
          value={text}
          onChange={(event) => setArgs(event.target.value)}
        />
        <fieldset>
          <legend className="mb-1 text-label font-medium text-text-2">{t('decide.labels')}</legend>
          <div className="grid grid-cols-2 gap-1">
            {kLabels.map((label) => (
              <Checkbox
                key={label}
                label={label}
                checked={labels.includes(label)}
                onChange={(event) =>
                  setLabels(event.target.checked ? [...labels, label] : labels.filter((one) => one !== label))
                }
              />
            ))}
          </div>
          <p className="text-label text-text-3">{t('decide.labels.hint')}</p>
        </fieldset>
        <Button
          type="submit"
          kind="primary"
          icon={Play}
          keys="mod+enter"
          busy={decide.isPending}
          disabled={!tool || parsed.error !== ''}
        >
          {working.dirty ? t('decide.run.draft') : t('decide.run')}
        </Button>
      </form>
      <div className="flex min-w-0 flex-col gap-4">
        {!decide.data && !decide.isError && (
          <p className="rounded-card border border-dashed border-line p-6 text-dense text-text-2">
            {t('decide.none')}
          </p>
        )}
        {decide.isError && <ErrorNote error={decide.error} what={t('decide.failed')} retry={run} />}
        {decide.data && asked && (
          <section
            aria-live="polite"
            className="flex flex-col gap-3 rounded-card border border-line bg-surface p-4"
          >
            <h2 className="flex flex-wrap items-center gap-3 text-h3 font-semibold">
              <Verdict is={decide.data.decision} />
              <span>{decide.data.reason}</span>
            </h2>
            <p className="flex flex-wrap items-center gap-2 text-dense text-text-2">
              <span>{t('decide.by')}</span>
              <code className="font-mono text-label text-text">{decide.data.rule}</code>
              {decide.data.line && (
                <span>
                  {t('decide.line')} <LineLink line={decide.data.line} onGo={onGo} />
                </span>
              )}
              {decide.data.forced && <Chip tone="warn" shape="?" text={t('decide.forced')} />}
            </p>
            <Considered decision={decide.data} onGo={onGo} />
            <SaveTest
              key={JSON.stringify(asked)}
              working={working}
              test={{
                tool: asked.tool,
                arguments: asked.arguments ?? {},
                context:
                  asked.labels?.length === 1 && asked.labels[0] === 'owner' ? [] : (asked.labels ?? []),
                expect: decide.data.decision,
              }}
            />
          </section>
        )}
      </div>
    </div>
  );
}
