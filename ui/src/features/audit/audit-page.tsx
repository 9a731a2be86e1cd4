// SPDX-License-Identifier: MIT
// The audit log. Filters and the entry in the details are in the address.
import { useNavigate, useSearch } from '@tanstack/react-router';
import { Download, Ellipsis, ShieldCheck } from 'lucide-react';
import { useCallback, useMemo, useRef, useState } from 'react';
import { menuOf } from '@/actions/menu-item';
import { useStateActions } from '@/actions/state-actions';
import { addMessages, t } from '@/i18n';
import { bytes, count } from '@/lib/format';
import { Button, IconButton } from '@/ui/button';
import { VirtualTable } from '@/ui/list';
import { Menu } from '@/ui/menu';
import { Page } from '@/ui/page';
import { useRowKeys } from '@/ui/row-menu';
import { Empty, ErrorNote, FirstPage } from '@/ui/states';
import { toast } from '@/ui/toast';
import { kColumns } from './columns';
import { EntryDetails } from './entry-details';
import { ExportDialog } from './export-dialog';
import { FilterBar } from './filter-bar';
import { auditQuery, countFilters, kNoFilters, type Search } from './filters';
import { auditMessages } from './messages';
import {
  type Entry,
  type ExportFormat,
  type ExportPart,
  exportLog,
  readKept,
  saveBlob,
  useAuditStatus,
  useEntries,
  useEntry,
  useVerify,
} from './queries';
import { BadVerdict, Caveat, CheckpointDialog, foundBad, VerifiedChip } from './verdict';

addMessages(auditMessages);

function useExport() {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const run = useCallback(async (format: ExportFormat, part: ExportPart = {}) => {
    setBusy(true);
    setError(null);
    try {
      const blob = await exportLog(format, part);
      const which = 'from' in part ? `-from-${part.from}` : Object.keys(part).length > 0 ? '-filtered' : '';
      const name = `pryx-audit${which}.${format}`;
      saveBlob(blob, name);
      toast(t('audit.export.saved', { name, size: bytes(blob.size) }));
    } catch (refusal) {
      setError(refusal);
    } finally {
      setBusy(false);
    }
  }, []);
  return { isBusy, run, error, forget: () => setError(null) };
}

function useVerifying() {
  const verify = useVerify();
  const input = useRef<HTMLInputElement>(null);
  const [badFile, setBadFile] = useState('');
  const run = (against: string[]) =>
    verify.mutate(against, {
      onSuccess: (verdict) =>
        verdict.ok &&
        toast(
          t('audit.verify.ok', {
            rows: verdict.rows,
            checkpoints: verdict.checkpoints,
            kept: against.length,
          }),
        ),
    });
  const takeFile = async (file: File | undefined) => {
    if (!file) return;
    const notes = readKept(await file.text());
    setBadFile(notes ? '' : file.name);
    if (notes) run(notes);
  };
  return { verify, input, run, takeFile, badFile, forget: () => setBadFile('') };
}

type Commands = {
  verify: () => void;
  prove: () => void;
  step: (by: 1 | -1) => void;
  toggle: () => void;
  checkpoint: () => void;
  against: () => void;
  exported: (format: ExportFormat) => void;
  egress: () => void;
};

const kExports = ['audit.jsonl', 'audit.csv', 'audit.json'];
const kMore = ['audit.against', 'audit.checkpoint', 'audit.egress'];
const kRowMenu = ['audit.details', 'audit.prove', 'audit.link'];

const useAuditActions = (commands: Commands) =>
  useStateActions('audit', commands, (one) => [
    one('focus', 'audit.focus', ['/'], () =>
      document.querySelector<HTMLInputElement>('input[name=audit-action]')?.focus(),
    ),
    one('verify', 'audit.verify', ['v'], (all) => all.verify()),
    one('against', 'audit.verify.against', [], (all) => all.against()),
    one('checkpoint', 'audit.checkpoint', [], (all) => all.checkpoint()),
    one('prove', 'audit.proof', ['p'], (all) => all.prove()),
    one('next', 'audit.next', [']'], (all) => all.step(1)),
    one('previous', 'audit.previous', ['['], (all) => all.step(-1)),
    one('details', 'audit.details', ['\\'], (all) => all.toggle()),
    one('jsonl', 'audit.export.jsonl', ['shift+d'], (all) => all.exported('jsonl')),
    one('csv', 'audit.export.csv', [], (all) => all.exported('csv')),
    one('json', 'audit.export.json', [], (all) => all.exported('json')),
    one('egress', 'audit.egress', [], (all) => all.egress()),
  ]);

function NoEntries({ filters, onClear }: { filters: number; onClear: () => void }) {
  if (filters === 0) return <Empty title={t('audit.empty.title')} why={t('audit.empty.why')} />;
  return (
    <Empty
      title={t('audit.filtered.title')}
      why={t('audit.filtered.why')}
      action={<Button onClick={onClear}>{t('audit.clear', { count: filters })}</Button>}
    />
  );
}

export function AuditPage() {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  // The clock of "the last hour" stands while its filter stays the same.
  const filterKey = JSON.stringify({ ...search, entry: undefined });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the filters in the address
  const query = useMemo(() => auditQuery(search), [filterKey]);
  const held = useEntries(query);
  const { rows, list } = held;
  const columns = useMemo(kColumns, []);
  const write = useCallback(
    (change: Search) =>
      void navigate({ to: '.', search: (old: Search) => ({ ...old, ...change }), replace: true } as never),
    [navigate],
  );
  const index = Number(search.entry) || 0;
  const one = useEntry(index, rows);
  const [focusedIndex, setFocused] = useState(0);
  const focused = Math.max(
    0,
    rows.findIndex((entry) => entry.index === (focusedIndex || index)),
  );
  const show = (entry: Entry | undefined) => {
    if (!entry) return;
    setFocused(entry.index);
    write({ entry: String(entry.index) });
  };
  const focus = (at: number) => {
    const entry = rows[at];
    if (!entry) return;
    setFocused(entry.index);
    if (index) write({ entry: String(entry.index) });
  };
  const verifying = useVerifying();
  const exporting = useExport();
  const [hasCheckpoint, setCheckpoint] = useState(false);
  const [toExport, setExport] = useState<ExportFormat | null>(null);
  const status = useAuditStatus();
  const bad = foundBad(status.data, verifying.verify.data);
  const close = () => write({ entry: undefined });
  const actions = useAuditActions({
    verify: () => verifying.run([]),
    against: () => verifying.input.current?.click(),
    checkpoint: () => setCheckpoint(true),
    prove: () => {
      if (!index) show(rows[focused]);
      // The button is there once the details are.
      setTimeout(() => document.querySelector<HTMLButtonElement>('[data-prove] button')?.click(), 0);
    },
    step: (by) => show(rows[Math.max(0, Math.min(rows.length - 1, focused + by))]),
    toggle: () => (index ? close() : show(rows[focused])),
    exported: setExport,
    // Of the turn or the session that is looked at, where there is one.
    egress: () => void navigate({ to: '/egress', search: { session: search.session, turn: search.turn } }),
  });
  const inFocus = rows[focused];
  const rowKeys = useRowKeys('audit', inFocus && `/audit?entry=${inFocus.index}`);
  const filters = countFilters(search);
  const onClear = () => write(kNoFilters);
  return (
    <Page
      fixed
      title={t('audit.title')}
      lead={<span className="max-sm:hidden">{t('audit.lead')}</span>}
      status={
        <>
          {status.data && <VerifiedChip status={status.data} />}
          {held.pages > 0 && (
            <span className="text-label text-text-3">
              {t('audit.count', { count: rows.length, more: held.state === 'end' ? 'no' : 'yes' })}
            </span>
          )}
        </>
      }
      secondary={
        <>
          <Menu
            label={t('audit.export')}
            trigger={
              <Button icon={Download} busy={exporting.isBusy}>
                {t('audit.export')}
              </Button>
            }
            items={menuOf(actions, kExports)}
          />
          <Menu
            label={t('audit.more')}
            trigger={<IconButton icon={Ellipsis} label={t('audit.more')} />}
            items={menuOf(actions, kMore)}
          />
        </>
      }
      primary={
        <Button
          kind="primary"
          icon={ShieldCheck}
          keys="v"
          busy={verifying.verify.isPending}
          onClick={() => verifying.run([])}
        >
          {t('audit.verify')}
        </Button>
      }
      filters={<FilterBar search={search} onChange={write} />}
      details={
        one.entry ? (
          <EntryDetails entry={one.entry} onClose={close} />
        ) : one.isMissing || one.error ? (
          <div className="p-4">
            {one.error ? (
              <ErrorNote error={one.error} what={t('audit.entry.failed')} />
            ) : (
              <p className="text-dense text-text-2">{t('audit.entry.missing', { index: count(index) })}</p>
            )}
          </div>
        ) : undefined
      }
      detailsLabel={t('audit.details')}
    >
      <input
        ref={verifying.input}
        type="file"
        className="hidden"
        aria-label={t('audit.verify.against')}
        onChange={(event) => {
          void verifying.takeFile(event.target.files?.[0]);
          event.target.value = '';
        }}
      />
      {bad && (
        <BadVerdict
          bad={bad}
          onShow={(at) => write({ ...kNoFilters, entry: String(at) })}
          onExport={(from) => void exporting.run('jsonl', { from })}
        />
      )}
      {status.isError && (
        <ErrorNote error={status.error} what={t('audit.status.failed')} retry={() => void status.refetch()} />
      )}
      {verifying.badFile && (
        <ErrorNote
          error={new Error(t('audit.verify.badFile', { name: verifying.badFile }))}
          what={t('audit.verify.failed')}
          onDismiss={verifying.forget}
        />
      )}
      {exporting.error !== null && (
        <ErrorNote error={exporting.error} what={t('audit.export.failed')} onDismiss={exporting.forget} />
      )}
      {verifying.verify.isError && (
        <ErrorNote
          error={verifying.verify.error}
          what={t('audit.verify.failed')}
          retry={() => verifying.run([])}
        />
      )}
      <Caveat onCheckpoint={() => setCheckpoint(true)} />
      {held.state === 'error' && (
        <ErrorNote error={held.error} what={t('audit.failed')} retry={() => void list.again()} />
      )}
      {held.pages === 0 && held.state !== 'error' && <FirstPage held={held} rows={14} />}
      {rows.length > 0 && (
        <VirtualTable
          label={t('audit.list')}
          rows={rows}
          more={held.state !== 'end'}
          columns={columns}
          rowKey={(entry) => String(entry.index)}
          focused={focused}
          onFocus={focus}
          onOpen={show}
          onPeek={(entry) => (entry.index === index ? close() : show(entry))}
          onPress={show}
          onEnd={list.more}
          rowMenu={rowKeys.menu(menuOf([...actions, ...rowKeys.actions], kRowMenu))}
        />
      )}
      {rows.length === 0 && held.pages > 0 && held.state === 'end' && (
        <NoEntries filters={filters} onClear={onClear} />
      )}
      {toExport && (
        <ExportDialog
          format={toExport}
          query={query}
          busy={exporting.isBusy}
          onExport={(format, part) => void exporting.run(format, part).then(() => setExport(null))}
          onClose={() => setExport(null)}
        />
      )}
      {hasCheckpoint && <CheckpointDialog onClose={() => setCheckpoint(false)} />}
    </Page>
  );
}
