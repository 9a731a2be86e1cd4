// SPDX-License-Identifier: MIT
import { t } from '@/i18n';
import type { Column } from '@/ui/list';
import { Chip, type Tone } from '@/ui/status';
import { Time } from '@/ui/time';
import type { Process } from './queries';

export const kStates = ['running', 'exited', 'killed', 'failed', 'lost'] as const;

const kShapes: Record<Process['state'], [tone: Tone, shape: string]> = {
  running: ['running', '●'],
  exited: ['ok', '✓'],
  killed: ['idle', '■'],
  failed: ['bad', '✕'],
  lost: ['warn', '△'],
};

function stateText({ state, exit_code: code, signal }: Process): string {
  if (state === 'exited' && code) return t('processes.state.exited.code', { code });
  if (state === 'killed' && signal) return t('processes.state.killed.signal', { signal });
  return t(`processes.state.${state}`);
}

export function ProcessState({ process, bare }: { process: Process; bare?: boolean }) {
  // One that ended by itself with a code of its own says that something went wrong.
  const isBad = process.state === 'exited' && Boolean(process.exit_code);
  const [tone, shape] = kShapes[isBad ? 'failed' : process.state];
  return <Chip tone={tone} shape={shape} text={stateText(process)} bare={bare} />;
}

// What a person calls it.
export const nameOf = (process: Process) => process.tag || process.command;

// A function: the catalogue is filled by the page, after this module is read.
export const kColumns = (): Column<Process>[] => [
  {
    id: 'state',
    header: t('ui.col.state'),
    width: '160px',
    cell: (row) => <ProcessState process={row} bare />,
  },
  {
    id: 'command',
    header: t('processes.col.command'),
    width: 'minmax(120px, 1fr)',
    cell: (row) => (
      <span className="font-mono text-label" title={row.command}>
        {row.command}
      </span>
    ),
  },
  {
    id: 'tag',
    header: t('processes.col.tag'),
    width: 'minmax(80px, 160px)',
    above: 560,
    cell: (row) => <span title={row.tag}>{row.tag || '–'}</span>,
  },
  {
    id: 'scope',
    header: t('processes.col.scope'),
    width: '80px',
    above: 720,
    cell: (row) => <span className="text-text-2">{t(`processes.scope.${row.scope}`)}</span>,
  },
  {
    id: 'started',
    header: t('ui.col.started'),
    width: '88px',
    align: 'right',
    cell: (row) => <Time at={row.started_at} />,
  },
];
