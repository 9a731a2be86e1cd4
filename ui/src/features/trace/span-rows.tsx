// SPDX-License-Identifier: MIT
// The rows beside the bars: names as a tree, tokens, cost and time in columns. Only those in sight are there.
import { ChevronDown, ChevronRight } from 'lucide-react';
import { memo } from 'react';
import { t } from '@/i18n';
import { cx } from '@/lib/cx';
import { count, duration, money, tokens } from '@/lib/format';
import { colourOf, kRowHeight, type Palette } from './draw';
import { kKinds, type Rows, shortName } from './model';

const kIndent = 12;
const kDeepest = 8;

export function nanoMoney(nano: number): string {
  return nano < 0 ? '' : money({ amount: (nano / 1e9).toFixed(9), currency: 'USD' });
}

const kWords: Record<string, string> = {
  open: '●',
  ok: '',
  error: '✕',
  denied: '⊘',
  cancelled: '■',
  interrupted: '■',
};

export type Columns = { name: number; numbers: boolean };
export const columnsFor = (width: number): Columns =>
  width < 640
    ? { name: Math.max(120, Math.round(width * 0.4)), numbers: false }
    : { name: 180, numbers: true };
export const kNumbersWidth = 100 + 80 + 80;
export const leftWidth = (columns: Columns) => columns.name + (columns.numbers ? kNumbersWidth : 0);

function Numbers({ rows, i, took }: { rows: Rows; i: number; took: number }) {
  const tokensIn = rows.tokensIn[i] ?? 0;
  const tokensOut = rows.tokensOut[i] ?? 0;
  const summed = rows.summed[i] === 1;
  const title = summed ? t('trace.sumOf') : undefined;
  return (
    <>
      <span
        role="gridcell"
        tabIndex={-1}
        title={`${count(tokensIn)} → ${count(tokensOut)}${title ? ` · ${title}` : ''}`}
        className={cx('w-25 shrink-0 truncate pr-2 text-right', summed ? 'text-text-3' : 'text-text-2')}
      >
        {tokensIn + tokensOut > 0 ? `${tokens(tokensIn)} → ${tokens(tokensOut)}` : ''}
      </span>
      <span
        role="gridcell"
        tabIndex={-1}
        title={title}
        className={cx('w-20 shrink-0 truncate pr-2 text-right', summed ? 'text-text-3' : 'text-text-2')}
      >
        {nanoMoney(rows.nanoUsd[i] ?? -1)}
      </span>
      <span role="gridcell" tabIndex={-1} className="w-20 shrink-0 truncate pr-2 text-right text-text-2">
        {duration(took)}
      </span>
    </>
  );
}

type Props = {
  rows: Rows;
  visible: Int32Array;
  first: number;
  count: number;
  columns: Columns;
  palette: Palette;
  selected: number;
  found: ReadonlySet<number> | null;
  folded: ReadonlySet<string>;
  now: number;
  onFold: (id: string) => void;
  onSelect: (index: number) => void;
  onOpen: (index: number) => void;
};

export const SpanRows = memo(function SpanRows(props: Props) {
  const { rows, visible, first, columns, palette, selected, found, folded, now } = props;
  return Array.from({ length: props.count }, (_, k) => {
    const i = visible[first + k];
    const span = i === undefined ? undefined : rows.spans[i];
    if (i === undefined || !span) return null;
    const kind = kKinds[rows.kind[i] ?? 0] ?? 'turn';
    const holds = (rows.after[i] ?? 0) > i + 1;
    const isFolded = folded.has(span.span_id);
    const name = shortName(span);
    const colour = colourOf(palette, kind, span.status);
    const attempt = rows.attempt[i] ?? 0;
    const stop = Math.min(rows.stop[i] ?? 0, now);
    return (
      // biome-ignore lint/a11y/useKeyWithClickEvents: the grid itself listens for keys
      <div
        key={span.span_id}
        id={`span-${span.span_id}`}
        role="row"
        tabIndex={-1}
        aria-level={(rows.depth[i] ?? 0) + 1}
        aria-rowindex={first + k + 2}
        aria-selected={i === selected}
        {...(holds ? { 'aria-expanded': !isFolded } : {})}
        onClick={() => props.onSelect(i)}
        onDoubleClick={() => props.onOpen(i)}
        className={cx(
          'flex items-center text-label outline-none hover:bg-sunken',
          i === selected && 'bg-accent-soft!',
          found && !found.has(i) && 'opacity-50',
        )}
        style={{ height: kRowHeight }}
      >
        <span
          role="gridcell"
          tabIndex={-1}
          className="flex min-w-0 shrink-0 items-center gap-1 overflow-hidden pr-2"
          style={{
            width: columns.name,
            paddingLeft: 6 + Math.min(rows.depth[i] ?? 0, kDeepest) * kIndent,
          }}
        >
          {holds ? (
            <button
              type="button"
              tabIndex={-1}
              aria-label={t(isFolded ? 'trace.unfold' : 'trace.fold', { name })}
              className="inline-flex size-6 shrink-0 items-center justify-center rounded-control text-text-3 hover:bg-line"
              onClick={(event) => {
                event.stopPropagation();
                props.onFold(span.span_id);
              }}
            >
              {isFolded ? <ChevronRight size={14} aria-hidden /> : <ChevronDown size={14} aria-hidden />}
            </button>
          ) : (
            <span className="w-1 shrink-0" />
          )}
          <span
            aria-hidden
            className="keeps-colours size-2 shrink-0 rounded-[2px]"
            style={{ background: colour }}
          />
          <span className="min-w-0 truncate font-medium" title={span.name}>
            {name}
          </span>
          {attempt > 1 && <span className="shrink-0 text-info">⟳{attempt}</span>}
          <span
            className={cx('shrink-0', span.status === 'open' ? 'text-running' : 'text-bad')}
            title={span.status}
          >
            <span aria-hidden>{kWords[span.status] ?? ''}</span>
            <span className="sr-only">
              {t(`trace.kind.${kind}`)}, {span.status}
            </span>
          </span>
        </span>
        {columns.numbers && <Numbers rows={rows} i={i} took={stop - (rows.start[i] ?? 0)} />}
        <span role="gridcell" tabIndex={-1} aria-hidden className="flex-1" />
      </div>
    );
  });
});
