// SPDX-License-Identifier: MIT
// One row of the virtual list. It is drawn anew only when something of it changes: scrolling draws the rows that come, no others.
import { type MouseEvent, memo, type ReactNode } from 'react';
import { t } from '@/i18n';
import { cx } from '@/lib/cx';
import type { Column } from './list';

type Props<T> = {
  row: T;
  id: string;
  name: string;
  index: number;
  columns: Column<T>[];
  tracks: string;
  top: number;
  height: number;
  isFocused: boolean;
  // undefined: rows cannot be selected.
  isSelected: boolean | undefined;
  // Stable, so that a row need not be drawn for them.
  onPress: (event: MouseEvent, index: number, row: T) => void;
  onDouble: (row: T) => void;
  onCheck: (event: MouseEvent, index: number, row: T) => void;
};

function RowOf<T>(props: Props<T>): ReactNode {
  const { row, id, index, columns, isFocused, isSelected } = props;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid itself listens for keys
    <div
      id={id}
      role="row"
      tabIndex={-1}
      aria-rowindex={index + 2}
      aria-selected={isSelected ?? isFocused}
      data-focused={isFocused || undefined}
      onClick={(event) => props.onPress(event, index, row)}
      onDoubleClick={() => props.onDouble(row)}
      className={cx(
        'absolute inset-x-0 grid min-w-fit cursor-pointer items-center gap-3 px-3 text-dense outline-none hover:bg-sunken',
        isFocused && 'bg-accent-soft',
        isSelected && 'shadow-[inset_3px_0_0_var(--accent)]',
      )}
      style={{
        gridTemplateColumns: props.tracks,
        height: props.height,
        transform: `translateY(${props.top}px)`,
      }}
    >
      {isSelected !== undefined && (
        <span role="gridcell" tabIndex={-1} className="flex items-center">
          <input
            type="checkbox"
            tabIndex={-1}
            checked={isSelected}
            aria-label={t('ui.list.select', { name: props.name })}
            className="size-4 accent-(--accent)"
            onClick={(event) => props.onCheck(event, index, row)}
            onChange={() => undefined}
          />
        </span>
      )}
      {columns.map((column) => (
        <span
          key={column.id}
          role="gridcell"
          tabIndex={-1}
          className={cx('min-w-0 truncate', column.align === 'right' && 'text-right')}
        >
          {column.cell(row)}
        </span>
      ))}
    </div>
  );
}

export const ListRow = memo(RowOf) as typeof RowOf;
