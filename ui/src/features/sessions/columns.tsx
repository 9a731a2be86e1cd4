// SPDX-License-Identifier: MIT
// What a row shows. Columns other than status and title can be hidden; which are is remembered in this browser.
import { useMemo, useState } from 'react';
import { t } from '@/i18n';
import { count, money, tokens } from '@/lib/format';
import { sessionKind } from '@/lib/session-kind';
import type { Column } from '@/ui/list';
import type { MenuItem } from '@/ui/menu';
import { Chip, Status } from '@/ui/status';
import { Time } from '@/ui/time';
import type { Row } from './query';

const kHidden = 'pryx_sessions_hidden';
const kOpen = ['queued', 'running', 'waiting', 'needs_attention'];
const kOptional = ['agent', 'surface', 'model', 'messages', 'tokens', 'cost', 'updated'] as const;
type Optional = (typeof kOptional)[number];

export type RowState = {
  words: string;
};

export function stateOf(row: Row): string {
  const isOpen = row.last_state !== null && kOpen.includes(row.last_state);
  return row.status === 'archived' && !isOpen ? row.status : (row.last_state ?? row.status);
}

export function SessionState({ state, bare }: { state: string; bare?: boolean }) {
  // The daemon's word for what is not archived; whether something runs in it is another matter.
  if (state === 'active') return <Chip tone="idle" shape="○" text={t('sessions.state.active')} bare={bare} />;
  return <Status state={state} bare={bare ?? false} />;
}

// The snippet, with the words that were searched for marked.
export function Marked({ text, words }: { text: string; words: string }) {
  const wanted = words
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word.length > 1)
    .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  if (wanted.length === 0) return text;
  const parts = text.split(new RegExp(`(${wanted.join('|')})`, 'giu'));
  return parts.map((part, index) =>
    index % 2 === 1 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: parts of one text, in their order
      <mark key={index} className="rounded-[2px] bg-warn-soft text-text">
        {part}
      </mark>
    ) : (
      part
    ),
  );
}

function Origin({ row }: { row: Row }) {
  const kind = sessionKind(row);
  if (kind === 'own') return null;
  const name = t(kind === 'fork' ? 'sessions.is.fork' : 'sessions.is.child');
  return (
    <span className="shrink-0 text-text-3" title={name}>
      {kind === 'fork' ? '⑂' : '↳'}
      <span className="sr-only">{name}</span>
    </span>
  );
}

function Title({ row, words }: { row: Row; words: string }) {
  return (
    <span className="flex min-w-0 flex-col">
      <span className="flex min-w-0 items-baseline gap-2">
        {row.unread && (
          <span className="size-2 shrink-0 self-center rounded-full bg-accent" title={t('sessions.unread')}>
            <span className="sr-only">{t('sessions.unread')}</span>
          </span>
        )}
        <Origin row={row} />
        <span className={row.unread ? 'truncate font-semibold' : 'truncate font-medium'}>
          {row.title || t('sessions.untitled')}
        </span>
      </span>
      {row.snippet && (
        <span className="min-w-0 truncate text-label text-text-2">
          <Marked text={row.snippet} words={words} />
        </span>
      )}
    </span>
  );
}

function allColumns(state: RowState): Column<Row>[] {
  return [
    {
      id: 'status',
      header: t('sessions.col.status'),
      width: '108px',
      cell: (row) => <SessionState bare state={stateOf(row)} />,
    },
    {
      id: 'title',
      header: t('sessions.col.title'),
      width: 'minmax(140px, 1fr)',
      cell: (row) => <Title row={row} words={state.words} />,
    },
    { id: 'agent', header: t('sessions.col.agent'), width: '96px', above: 760, cell: (row) => row.agent },
    {
      id: 'surface',
      header: t('sessions.col.surface'),
      width: '72px',
      above: 980,
      cell: (row) => row.surface,
    },
    {
      id: 'model',
      header: t('sessions.col.model'),
      above: 900,
      width: '148px',
      cell: (row) =>
        row.model ? (
          <span title={row.model}>{row.model}</span>
        ) : (
          <span className="text-text-3">{t('sessions.defaultModel')}</span>
        ),
    },
    {
      id: 'messages',
      header: t('sessions.col.messages'),
      above: 640,
      width: '68px',
      align: 'right',
      cell: (row) => count(row.message_count),
    },
    {
      id: 'tokens',
      header: t('sessions.col.tokens'),
      above: 820,
      width: '64px',
      align: 'right',
      cell: (row) => {
        const all = row.input_tokens + row.output_tokens;
        return <span title={count(all)}>{tokens(all)}</span>;
      },
    },
    {
      id: 'cost',
      header: t('sessions.col.cost'),
      above: 560,
      width: '76px',
      align: 'right',
      cell: (row) => (
        <span
          className={row.cost ? '' : 'text-text-3'}
          title={row.unpriced_calls > 0 ? t('sessions.unpriced', { count: row.unpriced_calls }) : undefined}
        >
          {row.cost || row.unpriced_calls > 0 ? money(row.cost) : '–'}
        </span>
      ),
    },
    {
      id: 'updated',
      header: t('sessions.col.updated'),
      above: 460,
      width: '84px',
      align: 'right',
      cell: (row) => (
        <span className="text-text-2">
          <Time at={row.updated_at} />
        </span>
      ),
    },
  ];
}

export function useColumns(state: RowState): { columns: Column<Row>[]; menu: MenuItem[] } {
  const [hidden, setHidden] = useState(() => {
    return (localStorage.getItem(kHidden) ?? '').split(',').filter(Boolean);
  });
  const columns = useMemo(
    () => allColumns(state).filter((column) => !hidden.includes(column.id)),
    [state, hidden],
  );
  const toggle = (id: Optional) => {
    const next = hidden.includes(id) ? hidden.filter((one) => one !== id) : [...hidden, id];
    localStorage.setItem(kHidden, next.join(','));
    setHidden(next);
  };
  const menu = kOptional.map((id) => ({
    label: t(hidden.includes(id) ? 'sessions.columns.show' : 'sessions.columns.hide', {
      name: t(`sessions.col.${id}`),
    }),
    run: () => toggle(id),
  }));
  return { columns, menu };
}
