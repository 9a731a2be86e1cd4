// SPDX-License-Identifier: MIT
import { t } from '@/i18n';
import { bytes } from '@/lib/format';
import type { Column } from '@/ui/list';
import { Chip, Status } from '@/ui/status';
import { Time } from '@/ui/time';
import type { Sent } from './queries';

export const kStates = ['open', 'done', 'failed', 'denied', 'unknown'] as const;

export function SentState({ row, bare }: { row: Sent; bare?: boolean }) {
  if (row.state !== 'open') return <Status state={row.state} bare={bare} />;
  return <Chip tone="running" shape="●" text={t('egress.state.open')} bare={bare} />;
}

// A tunnel is a connection that Pryx does not look into: there is a host, and no more.
export const targetOf = ({ scheme, host, port }: Sent) =>
  `${scheme === 'tunnel' ? '' : `${scheme}://`}${host}:${port}`;

// A function: the catalogue is filled by the page, after this module is read.
export const kColumns = (): Column<Sent>[] => [
  { id: 'at', header: t('egress.col.at'), width: '88px', cell: (row) => <Time at={row.at} /> },
  { id: 'state', header: t('ui.col.state'), width: '136px', cell: (row) => <SentState row={row} bare /> },
  { id: 'method', header: t('egress.col.method'), width: '80px', above: 560, cell: (row) => row.method },
  {
    id: 'to',
    header: t('egress.col.to'),
    width: 'minmax(140px, 1fr)',
    cell: (row) => (
      <span className="font-mono text-label" title={targetOf(row)}>
        {targetOf(row)}
      </span>
    ),
  },
  {
    id: 'status',
    header: t('egress.col.status'),
    width: '56px',
    align: 'right',
    above: 640,
    cell: (row) => row.status ?? '–',
  },
  {
    id: 'tool',
    header: t('egress.col.tool'),
    width: 'minmax(80px, 140px)',
    above: 960,
    cell: (row) => <span className="text-text-2">{row.tool}</span>,
  },
  {
    id: 'out',
    header: t('egress.col.out'),
    width: '88px',
    align: 'right',
    above: 760,
    cell: (row) => bytes(row.bytes_out),
  },
  {
    id: 'in',
    header: t('egress.col.in'),
    width: '88px',
    align: 'right',
    above: 860,
    cell: (row) => bytes(row.bytes_in),
  },
];
