// SPDX-License-Identifier: MIT
import { t } from '@/i18n';
import { count } from '@/lib/format';
import type { Column } from '@/ui/list';
import { Chip } from '@/ui/status';
import { Time } from '@/ui/time';
import { lineOf } from './line';
import type { Entry } from './queries';

const kShortHash = 8;

const kOutcomes: Record<string, [tone: 'ok' | 'bad' | 'warn' | 'idle', shape: string, word: string]> = {
  'tool.denied': ['bad', '⊘', 'denied'],
  'tool.invalid': ['warn', '✕', 'invalid'],
  'tool.unknown': ['warn', '△', 'outcome unknown'],
  'tool.interrupted': ['warn', '■', 'interrupted'],
};

const kAnswers: typeof kOutcomes = {
  approved: ['ok', '✓', 'approved'],
  denied: ['bad', '⊘', 'denied'],
  expired: ['idle', '⊘', 'expired'],
  superseded: ['idle', '⤼', 'superseded'],
};

export function Outcome({ entry, bare }: { entry: Entry; bare?: boolean }) {
  const answered = (entry.detail as Record<string, unknown>).state;
  const known =
    kOutcomes[entry.kind] ?? (entry.kind === 'approval.resolved' ? kAnswers[String(answered)] : undefined);
  if (known) return <Chip tone={known[0]} shape={known[1]} text={known[2]} bare={bare} />;
  if (entry.success === true) return <Chip tone="ok" shape="✓" text="ok" bare={bare} />;
  if (entry.success === false) return <Chip tone="bad" shape="✕" text="failed" bare={bare} />;
  if (entry.kind.endsWith('.intent'))
    return <Chip tone="idle" shape="◷" text={t('audit.outcome.intent')} bare={bare} />;
  return <span className="text-text-3">–</span>;
}

export const kColumns = (): Column<Entry>[] => [
  {
    id: 'index',
    header: t('audit.col.index'),
    width: '48px',
    align: 'right',
    cell: (entry) => <span className="text-text-3">{count(entry.index)}</span>,
  },
  { id: 'time', header: t('audit.col.time'), width: '88px', cell: (entry) => <Time at={entry.at} /> },
  {
    id: 'actor',
    header: t('audit.col.actor'),
    width: '72px',
    above: 620,
    cell: (entry) => entry.actor || '–',
  },
  {
    id: 'action',
    header: t('audit.col.action'),
    width: 'minmax(96px, 160px)',
    cell: (entry) => <span className="font-medium">{entry.kind}</span>,
  },
  {
    id: 'object',
    header: t('audit.col.object'),
    width: 'minmax(80px, 180px)',
    cell: (entry) => <span title={entry.subject}>{entry.subject}</span>,
  },
  {
    id: 'outcome',
    header: t('audit.col.outcome'),
    width: '112px',
    above: 520,
    cell: (entry) => <Outcome bare entry={entry} />,
  },
  {
    id: 'detail',
    header: t('audit.col.detail'),
    width: 'minmax(80px, 1fr)',
    above: 860,
    cell: (entry) => (
      <span className="font-mono text-label text-text-2">
        {lineOf(entry).replace(/\s+/g, ' ').slice(0, 300)}
      </span>
    ),
  },
  {
    id: 'hash',
    header: t('audit.col.hash'),
    width: '72px',
    above: 480,
    cell: (entry) => (
      <code className="text-label text-text-3" title={entry.hash}>
        {entry.hash.slice(0, kShortHash)}
      </code>
    ),
  },
];
