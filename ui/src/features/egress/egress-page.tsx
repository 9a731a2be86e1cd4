// SPDX-License-Identifier: MIT
// What left the machine. Filters and the request in the details are in the address.
import { useNavigate, useSearch } from '@tanstack/react-router';
import { X } from 'lucide-react';
import { useMemo, useState } from 'react';
import { menuOf } from '@/actions/menu-item';
import { useStateActions } from '@/actions/state-actions';
import { useFurther } from '@/api/keyset';
import { addMessages, t } from '@/i18n';
import { count, shortId } from '@/lib/format';
import { Button } from '@/ui/button';
import { FilterField, Select } from '@/ui/field';
import { VirtualTable } from '@/ui/list';
import { Page } from '@/ui/page';
import { useRowKeys } from '@/ui/row-menu';
import { Empty, ErrorNote, FirstPage } from '@/ui/states';
import { kColumns, kStates } from './columns';
import { SentDetails } from './details';
import { egressMessages } from './messages';
import { type Sent, useOne, useSent } from './queries';

addMessages(egressMessages);

type Search = Record<string, string | undefined>;

const kNoFilters: Search = { q: undefined, state: undefined, session: undefined, turn: undefined };
const kRowMenu = ['egress.look', 'egress.trace', 'egress.session', 'egress.link'];

function fits(row: Sent, { q, state, session, turn }: Search): boolean {
  if (state && row.state !== state) return false;
  if (session && row.session_id !== session) return false;
  if (turn && row.turn_id !== turn) return false;
  const text = `${row.host} ${row.port} ${row.peer ?? ''} ${row.method} ${row.tool} ${row.reason ?? ''}`;
  return (q ?? '')
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.toLowerCase().includes(word));
}

type State = { row: Sent | undefined; look: (row: Sent) => void; toggle: () => void };

function useEgressActions(state: State) {
  const navigate = useNavigate();
  return useStateActions('egress', state, (one) => [
    one(
      'look',
      'egress.look',
      [],
      (s) => s.row && s.look(s.row),
      (s) => s.row !== undefined,
    ),
    one('details', 'egress.details', ['\\'], (s) => s.toggle()),
    one(
      'trace',
      'egress.trace',
      [],
      ({ row }) => row?.turn_id && navigate({ to: '/trace/$turn', params: { turn: row.turn_id } }),
      (s) => Boolean(s.row?.turn_id),
    ),
    one(
      'session',
      'egress.session',
      [],
      ({ row }) =>
        row?.session_id &&
        navigate({
          to: '/chat/$session',
          params: { session: row.session_id },
          search: { turn: row.turn_id ?? undefined, step: row.step_id ?? undefined },
        }),
      (s) => Boolean(s.row?.session_id),
    ),
  ]);
}

function Filters({ search, onChange }: { search: Search; onChange: (change: Search) => void }) {
  return (
    <>
      <FilterField label={t('egress.search')} value={search.q ?? ''} onText={(q) => onChange({ q })} />
      <div className="w-40">
        <Select
          hideLabel
          label={t('egress.state')}
          value={search.state ?? ''}
          onChange={(event) => onChange({ state: event.target.value || undefined })}
        >
          <option value="">{t('egress.state.any')}</option>
          {kStates.map((state) => (
            <option key={state} value={state}>
              {t(`egress.state.${state}`)}
            </option>
          ))}
        </Select>
      </div>
      {(['session', 'turn'] as const).map((name) => {
        const id = search[name];
        return (
          id && (
            <span
              key={name}
              className="inline-flex h-7 items-center gap-1 rounded-full bg-accent-soft pr-1 pl-2.5 font-mono text-label text-accent"
            >
              {t('egress.of', { id: shortId(id) })}
              <button
                type="button"
                aria-label={t('egress.of.remove', { id })}
                onClick={() => onChange({ [name]: undefined })}
                className="inline-flex size-6 items-center justify-center rounded-full hover:bg-surface"
              >
                <X size={12} aria-hidden />
              </button>
            </span>
          )
        );
      })}
    </>
  );
}

function Nothing({ filters, onClear }: { filters: number; onClear: () => void }) {
  if (filters === 0) return <Empty title={t('egress.empty')} why={t('egress.empty.why')} />;
  return (
    <Empty
      title={t('egress.filtered')}
      why={t('egress.filtered.why')}
      action={<Button onClick={onClear}>{t('egress.clear', { count: filters })}</Button>}
    />
  );
}

function NoDetails({ number, error }: { number: number; error: unknown }) {
  return (
    <div className="p-4">
      {error ? (
        <ErrorNote error={error} what={t('egress.one.failed')} />
      ) : (
        <p className="text-dense text-text-2">{t('egress.one.missing', { number: count(number) })}</p>
      )}
    </div>
  );
}

export function EgressPage() {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const held = useSent();
  const { rows, list, state } = held;
  const columns = useMemo(kColumns, []);
  const filters = Object.keys(kNoFilters).filter((name) => search[name]).length;
  const shown = filters > 0 ? rows.filter((row) => fits(row, search)) : rows;
  const further = useFurther(held, shown.length);
  const isEmpty = shown.length === 0;
  // More comes by itself, or came no further because a person waits no more.
  const isLooking = isEmpty && state !== 'error' && state !== 'end' && !further;
  const number = Number(search.request) || 0;
  const open = useOne(number, rows);
  const [focusedNumber, setFocused] = useState(0);
  const at = Math.max(
    0,
    shown.findIndex((row) => row.number === (focusedNumber || number)),
  );
  const row = shown[at];
  const put = (change: Search) => void navigate({ to: '.', search: { ...search, ...change }, replace: true });
  const close = () => put({ request: undefined });
  const look = (one: Sent) => {
    setFocused(one.number);
    put({ request: String(one.number) });
  };
  const toggle = () => {
    if (number) close();
    else if (row) look(row);
  };
  const actions = useEgressActions({ row, look, toggle });
  const rowKeys = useRowKeys('egress', row && `/egress?request=${row.number}`);
  return (
    <Page
      fixed
      title={t('egress.title')}
      lead={<span className="max-sm:hidden">{t('egress.lead')}</span>}
      status={
        held.pages > 0 && (
          <span role="status" className="text-label text-text-3">
            {filters > 0
              ? t('egress.looked', { found: count(shown.length), looked: count(rows.length) })
              : t('egress.count', { count: rows.length, more: state === 'end' ? 'no' : 'yes' })}
          </span>
        )
      }
      filters={
        <>
          <Filters search={search} onChange={put} />
          {further && (
            <Button small onClick={further}>
              {t('egress.further')}
            </Button>
          )}
        </>
      }
      details={
        open.row ? (
          <SentDetails row={open.row} onClose={close} />
        ) : open.isMissing || open.error ? (
          <NoDetails number={number} error={open.error} />
        ) : undefined
      }
      detailsLabel={t('egress.details')}
    >
      {state === 'error' && (
        <ErrorNote error={held.error} what={t('egress.failed')} retry={() => void list.again()} />
      )}
      {isLooking && <FirstPage held={held} rows={14} />}
      {shown.length > 0 && (
        <VirtualTable
          label={t('egress.list')}
          rows={shown}
          more={state !== 'end'}
          columns={columns}
          rowKey={(one) => String(one.number)}
          focused={at}
          onFocus={(index) => setFocused(shown[index]?.number ?? 0)}
          onOpen={look}
          onPeek={(one) => (one.number === number ? close() : look(one))}
          onEnd={list.more}
          rowMenu={rowKeys.menu(menuOf([...actions, ...rowKeys.actions], kRowMenu))}
        />
      )}
      {isEmpty && !isLooking && state !== 'error' && (
        <Nothing filters={filters} onClear={() => put(kNoFilters)} />
      )}
    </Page>
  );
}
