// SPDX-License-Identifier: MIT
// The same trace as a table: for screen readers, and for whoever would rather read numbers.
import { useMemo } from 'react';
import { t } from '@/i18n';
import { count, duration } from '@/lib/format';
import { type Column, VirtualTable } from '@/ui/list';
import { Status } from '@/ui/status';
import { tickText } from './axis';
import { kKinds, type Rows, shortName } from './model';
import { nanoMoney } from './span-rows';

type Props = {
  rows: Rows;
  visible: Int32Array;
  selected: number;
  now: number;
  onSelect: (index: number) => void;
  onOpen: (index: number) => void;
};

function columnsOf(rows: Rows, now: number): Column<number>[] {
  return [
    {
      id: 'name',
      header: t('trace.col.name'),
      width: 'minmax(160px, 2fr)',
      cell: (i) => (
        <span style={{ paddingLeft: Math.min(rows.depth[i] ?? 0, 8) * 12 }}>
          {rows.spans[i] && shortName(rows.spans[i])}
          {(rows.attempt[i] ?? 0) > 1 && ` ⟳${rows.attempt[i]}`}
        </span>
      ),
    },
    {
      id: 'kind',
      header: t('trace.col.kind'),
      width: '132px',
      cell: (i) => t(`trace.kind.${kKinds[rows.kind[i] ?? 0]}`),
    },
    {
      id: 'status',
      header: t('trace.col.status'),
      width: '108px',
      cell: (i) => {
        const status = rows.spans[i]?.status ?? 'ok';
        return <Status bare state={status === 'open' ? 'running' : status} />;
      },
    },
    {
      id: 'start',
      header: t('trace.col.start'),
      width: '92px',
      align: 'right',
      cell: (i) => tickText(rows.start[i] ?? 0, 1),
    },
    {
      id: 'waited',
      header: t('trace.col.waited'),
      width: '96px',
      align: 'right',
      cell: (i) => {
        const waited = (rows.start[i] ?? 0) - (rows.ready[i] ?? 0);
        return waited > 0 ? duration(waited) : '';
      },
    },
    {
      id: 'took',
      header: t('trace.col.took'),
      width: '92px',
      align: 'right',
      cell: (i) => duration(Math.min(rows.stop[i] ?? 0, now) - (rows.start[i] ?? 0)),
    },
    {
      id: 'in',
      header: t('trace.col.in'),
      width: '88px',
      align: 'right',
      cell: (i) => (rows.tokensIn[i] ? count(rows.tokensIn[i] ?? 0) : ''),
    },
    {
      id: 'out',
      header: t('trace.col.out'),
      width: '88px',
      align: 'right',
      cell: (i) => (rows.tokensOut[i] ? count(rows.tokensOut[i] ?? 0) : ''),
    },
    {
      id: 'cost',
      header: t('trace.col.cost'),
      width: '88px',
      align: 'right',
      cell: (i) => nanoMoney(rows.nanoUsd[i] ?? -1),
    },
  ];
}

export function TraceTable({ rows, visible, selected, now, onSelect, onOpen }: Props) {
  const columns = useMemo(() => columnsOf(rows, now), [rows, now]);
  const list = useMemo(() => Array.from(visible), [visible]);
  const focused = useMemo(() => Math.max(0, list.indexOf(selected)), [list, selected]);
  return (
    <VirtualTable
      label={t('trace.table.label')}
      rows={list}
      total={list.length}
      columns={columns}
      rowKey={(i) => rows.spans[i]?.span_id ?? String(i)}
      focused={focused}
      onFocus={(at) => onSelect(list[at] ?? 0)}
      onPress={onSelect}
      onPeek={onSelect}
      onOpen={onOpen}
    />
  );
}
