// SPDX-License-Identifier: MIT
// Export in three steps: what, what is taken out of it, as what. No file exists before the last one.
import { useQuery } from '@tanstack/react-query';
import { Copy, Download } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { api, take } from '@/api/client';
import { t } from '@/i18n';
import { cx } from '@/lib/cx';
import { bytes, count } from '@/lib/format';
import { Button, IconButton } from '@/ui/button';
import { copyText } from '@/ui/copy';
import { Dialog } from '@/ui/dialog';
import { Checkbox } from '@/ui/field';
import { Facts } from '@/ui/page';
import { ErrorNote } from '@/ui/states';
import { toast } from '@/ui/toast';
import type { Row } from '../query';
import { RemovedPreview } from './removed-preview';
import {
  type Format,
  kFormats,
  kMostBytes,
  type Made,
  make,
  type Preview,
  preview,
  save,
  TooLarge,
} from './reports';

const kNamed = 8;
const kSteps = [1, 2, 3] as const;
type Step = (typeof kSteps)[number];

function Steps({ at }: { at: Step }) {
  return (
    <ol
      className="mb-4 flex gap-2"
      aria-label={t('sessions.x.steps', { step: at, name: t(`sessions.x.step${at}`) })}
    >
      {kSteps.map((step) => (
        <li
          key={step}
          aria-current={step === at ? 'step' : undefined}
          className={cx(
            'flex-1 border-t-2 pt-1.5 text-label font-medium',
            step <= at ? 'border-accent text-text' : 'border-line text-text-3',
          )}
        >
          {step}. {t(`sessions.x.step${step}`)}
        </li>
      ))}
    </ol>
  );
}

function Working({ done, total, label }: { done: number; total: number; label: string }) {
  return (
    <div role="status" className="py-6">
      <progress className="h-2 w-full accent-(--accent)" aria-label={label} max={total} value={done} />
      <p className="pt-1 text-dense text-text-2">
        {label} · {t('sessions.x.reading', { done: count(done), total: count(total) })}
      </p>
    </div>
  );
}

// The sessions that these started, as rows.
async function childrenOf(rows: Row[]): Promise<Row[]> {
  const known = new Set(rows.map((row) => row.id));
  const out: Row[] = [];
  const queue = [...rows];
  for (let row = queue.shift(); row; row = queue.shift()) {
    const list = await take(api.GET('/api/v1/sessions/{id}/children', { params: { path: { id: row.id } } }));
    for (const child of list.items) {
      if (known.has(child.id)) continue;
      known.add(child.id);
      const session = await take(api.GET('/api/v1/sessions/{id}', { params: { path: { id: child.id } } }));
      const full = { ...session, snippet: null };
      out.push(full);
      queue.push(full);
    }
  }
  return out;
}

type Scope = { redact: boolean; withChildren: boolean };

function ScopeStep({
  rows,
  added,
  scope,
  onScope,
}: {
  rows: Row[];
  added: Row[] | undefined;
  scope: Scope;
  onScope: (scope: Scope) => void;
}) {
  const all = [...rows, ...(added ?? [])];
  const messages = all.reduce((sum, row) => sum + row.message_count, 0);
  return (
    <div className="flex flex-col gap-4">
      <section>
        <h3 className="pb-1 text-dense font-semibold">
          {t('sessions.x.total', { sessions: all.length, messages })}
        </h3>
        <ul className="rounded-card border border-line bg-sunken px-3 py-2 text-dense">
          {rows.slice(0, kNamed).map((row) => (
            <li key={row.id} className="truncate">
              {row.title || t('sessions.untitled')}
            </li>
          ))}
          {rows.length > kNamed && (
            <li className="text-text-3">{t('sessions.x.andMore', { count: rows.length - kNamed })}</li>
          )}
        </ul>
      </section>
      <Checkbox
        label={t('sessions.x.children')}
        hint={
          scope.withChildren && added ? t('sessions.x.children.found', { count: added.length }) : undefined
        }
        checked={scope.withChildren}
        onChange={(event) => onScope({ ...scope, withChildren: event.target.checked })}
      />
      <Checkbox
        label={t('sessions.x.redact')}
        hint={t('sessions.x.redact.hint')}
        checked={scope.redact}
        onChange={(event) => onScope({ ...scope, redact: event.target.checked })}
      />
      {!scope.redact && (
        <p role="alert" className="rounded-card border border-warn bg-warn-soft p-3 text-dense text-warn">
          {t('sessions.x.whole')}
        </p>
      )}
    </div>
  );
}

function Hash({ value }: { value: string }): ReactNode {
  return (
    <span className="flex items-center gap-1">
      <code className="min-w-0 text-label break-all select-all">{value}</code>
      <IconButton small icon={Copy} label={t('sessions.x.copy')} onClick={() => copyText(value)} />
    </span>
  );
}

function FileStep({
  format,
  onFormat,
  made,
  error,
  progress,
  total,
}: {
  format: Format;
  onFormat: (format: Format) => void;
  made: Made | undefined;
  error: unknown;
  progress: number;
  total: number;
}) {
  const facts: [string, ReactNode][] = made
    ? [
        [
          t('sessions.x.file'),
          <code key="name" className="text-label break-all">
            {made.name}
          </code>,
        ],
        [t('sessions.x.size'), `${bytes(made.bytes)} (${count(made.bytes)} B)`],
        [t('sessions.x.sha'), <Hash key="sha" value={made.sha256} />],
        ...(made.content
          ? [
              [
                t('sessions.x.manifest'),
                <span key="manifest">
                  <Hash value={made.content} />
                  <span className="text-label text-text-3">{t('sessions.x.manifest.hint')}</span>
                </span>,
              ] as [string, ReactNode],
            ]
          : []),
      ]
    : [];
  return (
    <div className="flex flex-col gap-4">
      <fieldset>
        <legend className="pb-1 text-dense font-semibold">{t('sessions.x.format')}</legend>
        <div className="grid gap-2 sm:grid-cols-3">
          {kFormats.map((one) => (
            <label
              key={one}
              className={cx(
                'flex cursor-pointer items-start gap-2 rounded-card border p-3 text-dense has-focus-visible:outline-2 has-focus-visible:outline-focus',
                one === format ? 'border-accent bg-accent-soft' : 'border-line hover:bg-sunken',
              )}
            >
              <input
                type="radio"
                name="format"
                value={one}
                checked={one === format}
                onChange={() => onFormat(one)}
                className="mt-1 accent-(--accent)"
              />
              <span>
                <span className="font-medium">{t(`sessions.x.format.${one}`)}</span>
                <span className="block text-label text-text-2">{t(`sessions.x.format.${one}.hint`)}</span>
              </span>
            </label>
          ))}
        </div>
      </fieldset>
      {error ? (
        <ErrorNote
          error={
            error instanceof TooLarge
              ? new Error(t('sessions.x.tooLarge', { limit: bytes(kMostBytes) }))
              : error
          }
          what={t('sessions.x.failed')}
        />
      ) : made ? (
        <section className="rounded-card border border-line p-3">
          <Facts facts={facts} />
          <p className="pt-2 text-label text-text-3">
            {made.files > 1 ? t('sessions.x.zip', { count: made.files }) : t('sessions.x.same')}
          </p>
        </section>
      ) : (
        <Working done={progress} total={total} label={t('sessions.x.preparing')} />
      )}
    </div>
  );
}

export default function ExportWizard({ rows, onClose }: { rows: Row[]; onClose: () => void }) {
  const [step, setStep] = useState<Step>(1);
  const [scope, setScope] = useState<Scope>({ redact: true, withChildren: false });
  const [format, setFormat] = useState<Format>('html');
  const [progress, setProgress] = useState(0);
  const ids = rows.map((row) => row.id).join();
  // Read for this wizard alone: what it showed is what it writes.
  const own = {
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
    structuralSharing: false,
  } as const;
  const children = useQuery({
    queryKey: ['export', 'children', ids],
    queryFn: () => childrenOf(rows),
    enabled: scope.withChildren,
    ...own,
  });
  const all = scope.withChildren ? [...rows, ...(children.data ?? [])] : rows;
  const key = [ids, scope.redact, all.length];
  const seen = useQuery<Preview>({
    queryKey: ['export', 'preview', ...key],
    queryFn: ({ signal }) => preview(all, setProgress, signal),
    enabled: step >= 2,
    ...own,
  });
  const made = useQuery<Made>({
    queryKey: ['export', 'file', format, ...key],
    queryFn: ({ signal }) => make(all, format, scope.redact, setProgress, signal),
    enabled: step === 3 && seen.data !== undefined,
    ...own,
  });
  const isReady = step === 1 ? !scope.withChildren || children.isSuccess : seen.isSuccess;
  const onSave = () => {
    if (!made.data) return;
    save(made.data);
    toast(t('sessions.x.saved', { name: made.data.name }));
    onClose();
  };
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={t('sessions.x.title', { count: rows.length })}
      footer={
        <>
          {step > 1 && <Button onClick={() => setStep((step - 1) as Step)}>{t('sessions.x.back')}</Button>}
          <span className="flex-1" />
          <Button onClick={onClose}>{t('sessions.x.cancel')}</Button>
          {step < 3 ? (
            <Button kind="primary" disabled={!isReady} onClick={() => setStep((step + 1) as Step)}>
              {t('sessions.x.next')}
            </Button>
          ) : (
            <Button kind="primary" icon={Download} disabled={!made.data} onClick={onSave}>
              {t('sessions.x.save')}
            </Button>
          )}
        </>
      }
    >
      <Steps at={step} />
      {step === 1 && <ScopeStep rows={rows} added={children.data} scope={scope} onScope={setScope} />}
      {step === 1 && children.isError && (
        <ErrorNote error={children.error} what={t('sessions.children.failed')} />
      )}
      {step === 2 &&
        (seen.isError ? (
          <ErrorNote error={seen.error} what={t('sessions.x.failed')} retry={() => void seen.refetch()} />
        ) : seen.data ? (
          <RemovedPreview preview={seen.data} redact={scope.redact} />
        ) : (
          <Working done={progress} total={all.length} label={t('sessions.x.step2')} />
        ))}
      {step === 3 && (
        <FileStep
          format={format}
          onFormat={setFormat}
          made={made.data}
          error={made.error}
          progress={progress}
          total={all.length}
        />
      )}
    </Dialog>
  );
}
