// SPDX-License-Identifier: MIT
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { X } from 'lucide-react';
import { useMemo, useState } from 'react';
import { menuOf } from '@/actions/menu-item';
import { useStateActions } from '@/actions/state-actions';
import { useFurther } from '@/api/keyset';
import { t } from '@/i18n';
import { ApprovalCard } from '@/parts/approval-card';
import { Button, IconButton } from '@/ui/button';
import { Select, TextField, useOwnText } from '@/ui/field';
import { type Column, VirtualTable } from '@/ui/list';
import { useRowKeys } from '@/ui/row-menu';
import { Empty, ErrorNote, FirstPage } from '@/ui/states';
import { Risk, Status } from '@/ui/status';
import { Time } from '@/ui/time';
import { type Approval, decidedAt, kDecidedStates, type useDecided } from './queries';

// A function: the catalogue is filled by the page, after this module is read.
const columns = (): Column<Approval>[] => [
  {
    id: 'state',
    header: t('approvals.col.state'),
    width: '110px',
    cell: (row) => <Status state={row.state} bare />,
  },
  {
    id: 'call',
    header: t('approvals.col.call'),
    width: 'minmax(220px, 1fr)',
    cell: (row) => (
      <span className="font-mono text-label" title={row.rendering}>
        {row.rendering}
      </span>
    ),
  },
  { id: 'risk', header: t('approvals.col.risk'), width: '96px', cell: (row) => <Risk level={row.risk} /> },
  {
    id: 'scope',
    header: t('approvals.col.scope'),
    width: '96px',
    cell: (row) => (row.state === 'approved' ? t(`approvals.scope.${row.scope ?? 'once'}`) : '–'),
  },
  {
    id: 'by',
    header: t('approvals.col.by'),
    width: '96px',
    cell: (row) => <span className="text-text-2">{row.resolved_by ?? '–'}</span>,
  },
  {
    id: 'at',
    header: t('approvals.col.at'),
    width: '88px',
    align: 'right',
    cell: (row) => <Time at={decidedAt(row)} />,
  },
];

export function DecidedDetails({ approval, onClose }: { approval: Approval; onClose: () => void }) {
  return (
    <div className="flex flex-col gap-3 p-4">
      <div className="flex items-center justify-between">
        <h2 className="text-body font-semibold">{t('approvals.details')}</h2>
        <IconButton icon={X} label={t('approvals.close')} keys="escape" onClick={onClose} />
      </div>
      <ApprovalCard key={approval.id} approval={approval} />
      <p className="flex flex-wrap gap-4 text-dense">
        <Link
          to="/chat/$session"
          params={{ session: approval.session_id }}
          search={{ turn: approval.turn_id, step: approval.step_id }}
          className="text-accent underline"
        >
          {t('approvals.session')}
        </Link>
        <Link to="/trace/$turn" params={{ turn: approval.turn_id }} className="text-accent underline">
          {t('approvals.trace')}
        </Link>
      </p>
    </div>
  );
}

function fits(row: Approval, words: string): boolean {
  const text = `${row.rendering} ${row.tool} ${row.reason} ${row.answer_reason ?? ''}`.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

const kRowMenu = ['approvals.look', 'approvals.session', 'approvals.trace', 'approvals.link'];

type InFocus = { row: Approval | undefined; look: (row: Approval) => void };

function useRowActions(state: InFocus) {
  const navigate = useNavigate();
  return useStateActions('approvals', state, (one) => {
    const isThere = (s: InFocus) => s.row !== undefined;
    return [
      one('look', 'approvals.look', [], (s) => s.row && s.look(s.row), isThere),
      one(
        'session',
        'approvals.session',
        [],
        ({ row }) =>
          row &&
          navigate({
            to: '/chat/$session',
            params: { session: row.session_id },
            search: { turn: row.turn_id, step: row.step_id },
          }),
        isThere,
      ),
      one(
        'trace',
        'approvals.trace',
        [],
        ({ row }) => row && navigate({ to: '/trace/$turn', params: { turn: row.turn_id } }),
        isThere,
      ),
    ];
  });
}

export function Decided({ held }: { held: ReturnType<typeof useDecided> }) {
  const search = useSearch({ strict: false }) as Record<string, string | undefined>;
  const navigate = useNavigate();
  const [focused, setFocused] = useState(0);
  const shownColumns = useMemo(columns, []);
  const state = search.outcome ?? '';
  const words = search.q ?? '';
  const { rows, list, error } = held;
  const shown = useMemo(() => (words ? rows.filter((row) => fits(row, words)) : rows), [rows, words]);
  const further = useFurther(held, shown.length);
  const set = (change: Record<string, string | undefined>) =>
    void navigate({ to: '.', search: { ...search, ...change }, replace: true });
  const [typed, setTyped] = useOwnText(words, (q) => set({ q: q || undefined }));
  const retry = () => void list.again();
  const look = (row: Approval) => set({ open: row.id });
  const at = Math.min(focused, shown.length - 1);
  const row = shown[at];
  const actions = useRowActions({ row, look });
  const rowKeys = useRowKeys('approvals', row && `/approvals?tab=decided&open=${row.id}`);
  const filters = [state, words].filter(Boolean).length;
  if (held.pages === 0)
    return held.state === 'error' ? (
      <ErrorNote error={error} what={t('approvals.what')} retry={retry} />
    ) : (
      <FirstPage held={held} />
    );
  if (rows.length === 0 && filters === 0)
    return <Empty title={t('approvals.decided.none')} why={t('approvals.decided.none.why')} />;
  return (
    <div className="flex h-full min-h-0 flex-col gap-3">
      {held.state === 'error' && <ErrorNote error={error} what={t('approvals.what')} retry={retry} />}
      <div className="flex flex-wrap items-end gap-2">
        <div className="w-72 max-w-full">
          <TextField
            label={t('approvals.search')}
            hideLabel
            placeholder={t('approvals.search')}
            data-filter
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        </div>
        <div className="w-40">
          <Select
            label={t('approvals.state')}
            hideLabel
            value={state}
            onChange={(event) => set({ outcome: event.target.value || undefined })}
          >
            <option value="">{t('approvals.state.all')}</option>
            {kDecidedStates.map((one) => (
              <option key={one} value={one}>
                {t(`approvals.state.${one}`)}
              </option>
            ))}
          </Select>
        </div>
        {words && held.state !== 'loading' && (
          <p role="status" className="pb-1.5 text-label text-text-3">
            {t('approvals.looked', { found: shown.length, looked: rows.length })}
          </p>
        )}
        {further && (
          <Button small className="mb-0.5" onClick={further}>
            {t('approvals.further')}
          </Button>
        )}
      </div>
      {shown.length === 0 ? (
        held.state !== 'loading' && (
          <Empty
            title={t('approvals.filtered')}
            why={t('approvals.filtered.why')}
            action={
              <Button onClick={() => set({ q: undefined, outcome: undefined })}>
                {t('approvals.clear', { count: filters })}
              </Button>
            }
          />
        )
      ) : (
        <VirtualTable
          label={t('approvals.decided')}
          rows={shown}
          more={held.state !== 'end'}
          columns={shownColumns}
          rowKey={(row) => row.id}
          focused={at}
          onFocus={setFocused}
          onOpen={look}
          onEnd={list.more}
          rowMenu={rowKeys.menu(menuOf([...actions, ...rowKeys.actions], kRowMenu))}
        />
      )}
    </div>
  );
}
