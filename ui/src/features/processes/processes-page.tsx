// SPDX-License-Identifier: MIT
// Background processes: all of them, or those that one session started. Filters and the one in the details are in the address.
import { useNavigate, useSearch } from '@tanstack/react-router';
import { X } from 'lucide-react';
import { useMemo, useState } from 'react';
import { menuOf } from '@/actions/menu-item';
import { useStateActions } from '@/actions/state-actions';
import { addMessages, t } from '@/i18n';
import { shortId } from '@/lib/format';
import { RemoveDialog } from '@/parts/remove-dialog';
import { Button } from '@/ui/button';
import { FilterField, Select } from '@/ui/field';
import { VirtualTable } from '@/ui/list';
import { Page } from '@/ui/page';
import { useRowKeys } from '@/ui/row-menu';
import { Empty, Loaded } from '@/ui/states';
import { kColumns, kStates, nameOf } from './columns';
import { ProcessDetails } from './details';
import { processesMessages } from './messages';
import { type Process, useProcesses, useStopProcess } from './queries';

addMessages(processesMessages);

type Search = Record<string, string | undefined>;

const kNoFilters: Search = { session: undefined, state: undefined, q: undefined };
const kRowMenu = ['processes.look', 'processes.session', 'processes.link', 'line', 'processes.stop'];

function fits(row: Process, { state, q }: Search): boolean {
  if (state && row.state !== state) return false;
  const text = `${row.command} ${row.tag} ${row.cwd} ${row.reason} ${row.id}`.toLowerCase();
  return (q ?? '')
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

type State = {
  row: Process | undefined;
  look: (row: Process) => void;
  toggle: () => void;
  stop: (row: Process) => void;
};

function useProcessActions(state: State) {
  const navigate = useNavigate();
  return useStateActions('processes', state, (one) => [
    one(
      'look',
      'processes.look',
      [],
      (s) => s.row && s.look(s.row),
      (s) => s.row !== undefined,
    ),
    one('details', 'processes.details', ['\\'], (s) => s.toggle()),
    one(
      'session',
      'processes.session',
      [],
      ({ row }) => row?.session_id && navigate({ to: '/chat/$session', params: { session: row.session_id } }),
      (s) => Boolean(s.row?.session_id),
    ),
    one(
      'stop',
      'processes.rm',
      ['delete', '#'],
      (s) => s.row && s.stop(s.row),
      (s) => s.row?.state === 'running',
    ),
  ]);
}

function Filters({ search, onChange }: { search: Search; onChange: (change: Search) => void }) {
  const { session } = search;
  return (
    <>
      <FilterField label={t('processes.search')} value={search.q ?? ''} onText={(q) => onChange({ q })} />
      <div className="w-40">
        <Select
          hideLabel
          label={t('processes.state')}
          value={search.state ?? ''}
          onChange={(event) => onChange({ state: event.target.value || undefined })}
        >
          <option value="">{t('processes.state.any')}</option>
          {kStates.map((state) => (
            <option key={state} value={state}>
              {t(`processes.state.${state}`)}
            </option>
          ))}
        </Select>
      </div>
      {session && (
        <span className="inline-flex h-7 items-center gap-1 rounded-full bg-accent-soft pr-1 pl-2.5 font-mono text-label text-accent">
          {t('processes.of', { id: shortId(session) })}
          <button
            type="button"
            aria-label={t('processes.of.remove', { id: session })}
            onClick={() => onChange({ session: undefined })}
            className="inline-flex size-6 items-center justify-center rounded-full hover:bg-surface"
          >
            <X size={12} aria-hidden />
          </button>
        </span>
      )}
    </>
  );
}

function Nothing({ filters, onClear }: { filters: number; onClear: () => void }) {
  if (filters === 0) return <Empty title={t('processes.empty')} why={t('processes.empty.why')} />;
  return (
    <Empty
      title={t('processes.filtered')}
      why={t('processes.filtered.why')}
      action={<Button onClick={onClear}>{t('processes.clear', { count: filters })}</Button>}
    />
  );
}

export function ProcessesPage() {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const processes = useProcesses(search.session);
  const stop = useStopProcess();
  const columns = useMemo(kColumns, []);
  const [focusedId, setFocused] = useState<string | undefined>();
  const [stopping, setStopping] = useState<Process | null>(null);
  const all = processes.data?.items ?? [];
  const rows = all.filter((row) => fits(row, search));
  const id = search.process;
  const at = Math.max(
    0,
    rows.findIndex((row) => row.id === (focusedId ?? id)),
  );
  const row = rows[at];
  const put = (change: Search) => void navigate({ to: '.', search: { ...search, ...change }, replace: true });
  const close = () => put({ process: undefined });
  const look = (one: Process) => {
    setFocused(one.id);
    put({ process: one.id });
  };
  const toggle = () => {
    if (id) close();
    else if (row) look(row);
  };
  const actions = useProcessActions({ row, look, toggle, stop: setStopping });
  const rowKeys = useRowKeys('processes', row && `/processes?process=${row.id}`);
  const filters = [search.session, search.state, search.q].filter(Boolean).length;
  return (
    <Page
      fixed
      title={t('processes.title')}
      lead={<span className="max-sm:hidden">{t('processes.lead')}</span>}
      status={
        processes.data && (
          <span className="text-label text-text-3">
            {t('processes.running', { count: all.filter((one) => one.state === 'running').length })}
          </span>
        )
      }
      filters={<Filters search={search} onChange={put} />}
      details={id && <ProcessDetails key={id} id={id} onStop={setStopping} onClose={close} />}
      detailsLabel={t('processes.details')}
    >
      <Loaded
        query={processes}
        what={t('processes.error')}
        rows={8}
        empty={() => rows.length === 0 && <Nothing filters={filters} onClear={() => put(kNoFilters)} />}
      >
        {() => (
          <VirtualTable
            label={t('processes.list')}
            rows={rows}
            columns={columns}
            rowKey={(one) => one.id}
            focused={at}
            onFocus={(index) => setFocused(rows[index]?.id)}
            onOpen={look}
            onPeek={(one) => (one.id === id ? close() : look(one))}
            rowMenu={rowKeys.menu(menuOf([...actions, ...rowKeys.actions], kRowMenu, 'processes.stop'))}
          />
        )}
      </Loaded>
      {stopping && (
        <RemoveDialog
          kind="processes"
          name={nameOf(stopping)}
          id={stopping.id}
          remove={stop}
          onClose={() => setStopping(null)}
        >
          <code className="font-mono text-label break-all">{stopping.command}</code>
        </RemoveDialog>
      )}
    </Page>
  );
}
