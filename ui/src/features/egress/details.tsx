// SPDX-License-Identifier: MIT
// One request, and where it came from: its session, its turn, and what the audit log says of that.
import { Link } from '@tanstack/react-router';
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { t } from '@/i18n';
import { absolute, bytes, count } from '@/lib/format';
import { IconButton } from '@/ui/button';
import { Facts } from '@/ui/page';
import { SentState, targetOf } from './columns';
import type { Sent } from './queries';

const kLink = 'font-mono text-label break-all text-accent underline';

function originOf(row: Sent): [name: string, value: ReactNode][] {
  const facts: [string, ReactNode][] = [];
  if (row.session_id)
    facts.push([
      t('egress.fact.session'),
      <Link
        key="session"
        to="/chat/$session"
        params={{ session: row.session_id }}
        search={{ turn: row.turn_id ?? undefined, step: row.step_id ?? undefined }}
        className={kLink}
      >
        {row.session_id}
      </Link>,
    ]);
  if (row.turn_id)
    facts.push([
      t('egress.fact.turn'),
      <Link key="turn" to="/trace/$turn" params={{ turn: row.turn_id }} className={kLink}>
        {row.turn_id}
      </Link>,
    ]);
  if (row.step_id)
    facts.push([
      t('egress.fact.step'),
      <code key="step" className="text-label break-all select-all">
        {row.step_id}
      </code>,
    ]);
  return facts;
}

export function SentDetails({ row, onClose }: { row: Sent; onClose: () => void }) {
  const facts: [string, ReactNode][] = [
    [t('egress.fact.state'), <SentState key="state" row={row} />],
    ...(row.reason ? [[t('egress.fact.reason'), row.reason] as [string, ReactNode]] : []),
    [
      t('egress.fact.to'),
      <code key="to" className="text-label break-all select-all">
        {row.method} {targetOf(row)}
      </code>,
    ],
    [t('egress.fact.peer'), row.peer ?? t('egress.fact.peer.none')],
    [t('egress.fact.status'), row.status ?? '–'],
    [t('egress.fact.out'), bytes(row.bytes_out)],
    [t('egress.fact.in'), bytes(row.bytes_in)],
    [t('egress.fact.tool'), row.tool],
    [t('egress.fact.at'), absolute(row.at)],
    [t('egress.fact.ended'), row.ended_at ? absolute(row.ended_at) : '–'],
    ...originOf(row),
  ];
  return (
    <div>
      <header className="sticky top-0 z-10 flex items-start gap-2 border-b border-line bg-surface px-4 py-3">
        <div className="min-w-0 flex-1">
          <h2 className="text-body font-semibold">{t('egress.one', { number: `#${count(row.number)}` })}</h2>
          <p className="truncate font-mono text-label text-text-2" title={row.host}>
            {row.host}
          </p>
        </div>
        <IconButton small icon={X} label={t('egress.details.close')} keys="\" onClick={onClose} />
      </header>
      <div className="flex flex-col gap-3 px-4 py-3">
        <Facts facts={facts} />
        {row.turn_id && (
          <Link
            to="/audit"
            search={{ turn: row.turn_id, action: 'egress.request' }}
            className="min-h-6 text-dense text-accent underline"
          >
            {t('egress.audit')}
          </Link>
        )}
      </div>
    </div>
  );
}
