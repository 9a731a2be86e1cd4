// SPDX-License-Identifier: MIT
// How much asks: the policies that ship with Pryx, how long a question waits, and what each tool may do as it stands.
import { useQueries } from '@tanstack/react-query';
import { useState } from 'react';
import { api, type Schemas, take } from '@/api/client';
import { t } from '@/i18n';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { TextField } from '@/ui/field';
import { Table } from '@/ui/list';
import { ErrorNote, Loaded, Waiting } from '@/ui/states';
import { Chip, type Tone } from '@/ui/status';
import { kVerdict, readPolicy, setTimeout } from './policy-text';
import { useTemplates, useTools } from './queries';
import { DraftGoes, Refused } from './refused';
import { Replay } from './replay';
import { TextDiff } from './text-diff';
import { Verdict } from './verdict';
import { useEdit, type Working } from './working';

type Template = Schemas['PolicyTemplate'];

function Explain({ template }: { template: Template }) {
  const { rules, timeout } = readPolicy(template.text);
  return (
    <dl className="grid grid-cols-[max-content_1fr] items-baseline gap-x-4 gap-y-2 text-dense">
      {(['denied', 'ask', 'allowed'] as const).map((list) => {
        const own = rules.filter((rule) => rule.list === list);
        if (own.length === 0) return null;
        return (
          <div key={list} className="contents">
            <dt>
              <Verdict is={kVerdict[list]} />
            </dt>
            <dd className="font-mono text-label leading-6">
              {own
                .map((rule) =>
                  [rule.tool, rule.when.length > 0 ? `(${rule.when.join(', ')})` : '', ...rule.domains]
                    .filter(Boolean)
                    .join(' '),
                )
                .join(' · ')}
            </dd>
          </div>
        );
      })}
      <dt>
        <Verdict is="ask" />
      </dt>
      <dd>{t('modes.rest', { timeout: timeout || '5m' })}</dd>
    </dl>
  );
}

function UseDialog({
  template,
  working,
  onClose,
}: {
  template: Template;
  working: Working;
  onClose: () => void;
}) {
  const { error, attempt } = useEdit();
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={t('modes.use.title', { name: template.name })}
      description={t('modes.use.effect')}
      footer={
        <>
          <Button onClick={onClose}>{t('ui.cancel')}</Button>
          <Button
            kind="primary"
            busy={working.busy}
            onClick={() =>
              void attempt(
                () => working.replace(template.text, t('modes.used', { name: template.name })),
                onClose,
              )
            }
          >
            {t(working.dirty ? 'modes.use.draft' : 'modes.use', { name: template.name })}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <p className="text-dense text-text-2">{template.description}</p>
        {working.dirty && <DraftGoes />}
        <Refused error={error} />
        <Explain template={template} />
        <Replay text={template.text} />
        <details open={working.file?.exists ?? false}>
          <summary className="min-h-6 text-dense underline">{t('modes.diff')}</summary>
          <TextDiff before={working.saved} after={template.text} />
        </details>
      </div>
    </Dialog>
  );
}

function Templates({ working }: { working: Working }) {
  const templates = useTemplates();
  const [using, setUsing] = useState<Template | null>(null);
  return (
    <section className="flex flex-col gap-2">
      <h2 className="text-body font-semibold">{t('modes.templates')}</h2>
      <Loaded query={templates} what={t('modes.what')} rows={5}>
        {(items) => (
          <Table
            label={t('modes.templates')}
            head={[t('modes.col.name'), t('modes.col.says'), t('rules.col.actions')]}
          >
            {items.map((template) => {
              const on = working.saved === template.text;
              return (
                <tr key={template.name} className="hover:bg-sunken">
                  <td className="font-medium whitespace-nowrap">
                    {template.name} {on && <Chip tone="ok" shape="✓" text={t('modes.on')} />}
                  </td>
                  <td className="text-text-2">{template.description}</td>
                  <td className="text-right whitespace-nowrap">
                    <Button
                      small
                      aria-label={t('modes.look.of', { name: template.name })}
                      onClick={() => setUsing(template)}
                    >
                      {t('modes.look')}
                    </Button>
                  </td>
                </tr>
              );
            })}
          </Table>
        )}
      </Loaded>
      {using && <UseDialog template={using} working={working} onClose={() => setUsing(null)} />}
    </section>
  );
}

function Silence({ working }: { working: Working }) {
  const now = readPolicy(working.text).timeout || '5m';
  // Null: as the file has it, whatever that is by now.
  const [typed, setTyped] = useState<string | null>(null);
  const value = typed ?? now;
  const { error, attempt } = useEdit();
  const save = () =>
    void attempt(
      async () =>
        working.change(
          setTimeout(working.text, value.trim()),
          t('modes.timeout.saved', { value: value.trim() }),
        ),
      () => setTyped(null),
    );
  return (
    <section className="flex flex-col gap-2">
      <h2 className="text-body font-semibold">{t('modes.silence')}</h2>
      <p className="text-dense text-text-2">{t('modes.silence.lead')}</p>
      <form
        className="flex items-end gap-2"
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <div className="w-40">
          <TextField
            label={t('modes.timeout')}
            hint={t('modes.timeout.hint')}
            value={value}
            onChange={(event) => setTyped(event.target.value)}
          />
        </div>
        <Button
          type="submit"
          className="mb-5"
          disabled={value.trim() === now || !value.trim()}
          busy={working.busy}
          offline={working.dirty}
        >
          {t('modes.timeout.save')}
        </Button>
      </form>
      <Refused error={error} />
    </section>
  );
}

const kCan: Record<string, [shape: string, tone: Tone]> = {
  never: ['⊘', 'bad'],
  asks: ['?', 'warn'],
  sometimes: ['~', 'info'],
  always: ['✓', 'ok'],
};

function ReachTable({ tools }: { tools: Schemas['Tool'][] }) {
  const reaches = useQueries({
    queries: tools.map((tool) => ({
      queryKey: ['policy', 'can', tool.name],
      queryFn: () => take(api.GET('/api/v1/policy/can', { params: { query: { tool: tool.name } } })),
    })),
  });
  const failed = reaches.find((one) => one.isError);
  if (failed)
    return (
      <ErrorNote error={failed.error} what={t('modes.reach.what')} retry={() => void failed.refetch()} />
    );
  if (reaches.some((one) => !one.data)) return <Waiting of={reaches} rows={8} />;
  return (
    <Table label={t('modes.reach')} head={[t('rules.col.tool'), t('modes.col.can'), t('modes.col.why')]}>
      {reaches.map(({ data }) => {
        if (!data) return null;
        const [shape, tone] = kCan[data.can] ?? ['○', 'idle'];
        return (
          <tr key={data.tool}>
            <td className="font-mono text-label whitespace-nowrap">{data.tool}</td>
            <td className="whitespace-nowrap">
              <Chip tone={tone} shape={shape} text={t(`modes.can.${data.can}`)} />
            </td>
            <td className="text-text-2">{data.reason}</td>
          </tr>
        );
      })}
    </Table>
  );
}

export function Modes({ working }: { working: Working }) {
  const tools = useTools();
  return (
    <div className="flex flex-col gap-6">
      <Templates working={working} />
      <Silence working={working} />
      <section className="flex flex-col gap-2">
        <h2 className="text-body font-semibold">{t('modes.reach')}</h2>
        <p className="text-dense text-text-2">{t('modes.reach.lead')}</p>
        <Loaded query={tools} what={t('modes.reach.what')} rows={8}>
          {(items) => <ReachTable tools={items} />}
        </Loaded>
      </section>
    </div>
  );
}
