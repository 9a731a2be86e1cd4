// SPDX-License-Identifier: MIT
// The one virtual list: any number of rows, only those in sight are there. Rows are a grid, so columns stay aligned; j/k and the
// arrows move, Enter opens, Space peeks, x selects (Shift x a range); `rowMenu` (useRowKeys) opens at the row in focus. Give `onEnd` to
// load the next page.
import { useVirtualizer } from '@tanstack/react-virtual';
import {
  type KeyboardEvent,
  type MouseEvent,
  type ReactNode,
  type RefObject,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { isInSequence, singleKeysOn } from '@/actions/keys';
import { t } from '@/i18n';
import { cx } from '@/lib/cx';
import { ListRow } from './list-row';
import { Menu } from './menu';
import type { RowMenu } from './row-menu';

export type Column<T> = {
  id: string;
  // What the header says; an empty one still needs `hidden` for screen readers.
  header: string;
  // A CSS grid track: '1fr', '120px', 'minmax(120px, 2fr)'.
  width: string;
  align?: 'right';
  // Shown only while the list is at least so many pixels wide.
  above?: number;
  cell: (row: T) => ReactNode;
};

type Props<T> = {
  label: string;
  rows: T[];
  // How many there are in all, when the daemon said so.
  total?: number | undefined;
  // More may come: the number of rows is not known.
  more?: boolean;
  columns: Column<T>[];
  rowKey: (row: T) => string;
  rowHeight?: number;
  focused: number;
  onFocus: (index: number) => void;
  onOpen?: (row: T) => void;
  onPeek?: (row: T) => void;
  // What a click does, when it is not to open.
  onPress?: (row: T) => void;
  selected?: ReadonlySet<string>;
  onSelect?: (row: T, range: boolean) => void;
  // What a row is called, for its checkbox.
  nameOf?: (row: T) => string;
  onEnd?: () => void;
  rowMenu?: RowMenu;
};

const kHeadHeight = 32;

// A finger needs more than a pointer does.
function rowHeightHere(): number {
  return typeof matchMedia === 'function' && matchMedia('(pointer: coarse)').matches ? 40 : 32;
}

function useWidth(element: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const watched = element.current;
    if (!watched) return undefined;
    setWidth(watched.clientWidth);
    const watch = new ResizeObserver(() => setWidth(watched.clientWidth));
    watch.observe(watched);
    return () => watch.disconnect();
  }, [element]);
  return width;
}

// It is there only while it is open, so its anchor is no stop on the way through the page.
function OpenRowMenu({
  menu,
  at,
  onFocusBack,
}: {
  menu: RowMenu;
  at: Element | null;
  onFocusBack: () => void;
}) {
  const box = at?.getBoundingClientRect();
  return (
    <Menu
      open
      onOpenChange={(open) => !open && menu.onClose()}
      onFocusBack={onFocusBack}
      label={t('ui.row.menu')}
      items={menu.items}
      trigger={
        <button
          type="button"
          tabIndex={-1}
          aria-label={t('ui.row.menu')}
          className="fixed size-0"
          style={{ top: box?.bottom ?? 0, left: box?.right ?? 0 }}
        />
      }
    />
  );
}

export function VirtualTable<T>({
  label,
  rows,
  total,
  more,
  columns: allColumns,
  rowKey,
  rowHeight = rowHeightHere(),
  focused,
  onFocus,
  onOpen,
  onPeek,
  onPress,
  selected,
  onSelect,
  nameOf,
  onEnd,
  rowMenu,
}: Props<T>) {
  const scroller = useRef<HTMLDivElement>(null);
  const width = useWidth(scroller);
  const columns = useMemo(
    () => allColumns.filter((column) => !column.above || width === 0 || width >= column.above),
    [allColumns, width],
  );
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    // The header lies in the same scroller, and over its first row.
    scrollMargin: kHeadHeight,
    scrollPaddingStart: kHeadHeight,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: heights are measured anew when they change, and only then
  useEffect(() => virtual.measure(), [rowHeight]);
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (onEnd && last >= rows.length - 20 && rows.length > 0) onEnd();
  }, [last, rows.length, onEnd]);

  const move = (to: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, to));
    onFocus(next);
    virtual.scrollToIndex(next);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = rows[focused];
    const letters = singleKeysOn() && !isInSequence(event);
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 320) / rowHeight) - 1);
    const moves: Record<string, number> = {
      ArrowDown: focused + 1,
      ArrowUp: focused - 1,
      PageDown: focused + page,
      PageUp: focused - page,
      Home: 0,
      End: rows.length - 1,
      ...(letters ? { j: focused + 1, k: focused - 1 } : {}),
    };
    const to = moves[event.key];
    if (to !== undefined) move(to);
    else if (row !== undefined && (event.key === 'Enter' || (letters && event.key === 'o'))) onOpen?.(row);
    else if (row !== undefined && event.key === ' ') onPeek?.(row);
    else if (row !== undefined && letters && event.key.toLowerCase() === 'x') onSelect?.(row, event.shiftKey);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const latest = useRef({ onFocus, onOpen, onPress, onSelect });
  latest.current = { onFocus, onOpen, onPress, onSelect };
  const handlers = useMemo(
    () => ({
      onPress: (event: MouseEvent, index: number, row: T) => {
        const now = latest.current;
        // The grid has the keys, whichever row was clicked.
        scroller.current?.focus({ preventScroll: true });
        now.onFocus(index);
        if (now.onSelect && (event.shiftKey || event.ctrlKey || event.metaKey))
          now.onSelect(row, event.shiftKey);
        else (now.onPress ?? now.onOpen)?.(row);
      },
      onDouble: (row: T) => latest.current.onPress && latest.current.onOpen?.(row),
      onCheck: (event: MouseEvent, index: number, row: T) => {
        event.stopPropagation();
        scroller.current?.focus({ preventScroll: true });
        latest.current.onFocus(index);
        latest.current.onSelect?.(row, event.shiftKey);
      },
    }),
    [],
  );

  const tracks = `${onSelect ? '16px ' : ''}${columns.map((column) => column.width).join(' ')}`;
  const inFocus = rows[focused];
  const active =
    inFocus !== undefined && items.some((item) => item.index === focused)
      ? `row-${rowKey(inFocus)}`
      : undefined;
  return (
    <>
      <div
        ref={scroller}
        role="grid"
        aria-label={label}
        aria-rowcount={total !== undefined ? total + 1 : more ? -1 : rows.length + 1}
        aria-colcount={columns.length + (onSelect ? 1 : 0)}
        aria-activedescendant={active}
        aria-multiselectable={onSelect ? true : undefined}
        tabIndex={0}
        onKeyDown={onKeyDown}
        className="min-h-40 flex-1 overflow-auto rounded-card border border-line bg-surface outline-offset-[-2px]"
      >
        <div
          role="row"
          aria-rowindex={1}
          tabIndex={-1}
          className="sticky top-0 z-10 grid min-w-fit items-center gap-3 border-b border-line bg-surface px-3 text-label font-medium text-text-3"
          style={{ gridTemplateColumns: tracks, height: kHeadHeight }}
        >
          {onSelect && (
            <span role="columnheader" tabIndex={-1} aria-label={t('ui.list.select', { name: '' })} />
          )}
          {columns.map((column) => (
            <span
              key={column.id}
              role="columnheader"
              tabIndex={-1}
              className={cx('truncate', column.align === 'right' && 'text-right')}
            >
              {column.header}
            </span>
          ))}
        </div>
        <div role="rowgroup" className="relative min-w-fit" style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const row = rows[item.index];
            // A row may be a number, and the first one zero.
            if (row === undefined) return null;
            const key = rowKey(row);
            return (
              <ListRow
                key={key}
                row={row}
                id={`row-${key}`}
                name={nameOf?.(row) ?? key}
                index={item.index}
                columns={columns}
                tracks={tracks}
                top={item.start - kHeadHeight}
                height={item.size}
                isFocused={item.index === focused}
                isSelected={onSelect ? Boolean(selected?.has(key)) : undefined}
                onPress={handlers.onPress}
                onDouble={handlers.onDouble}
                onCheck={handlers.onCheck}
              />
            );
          })}
        </div>
        {more && rows.length > 0 && (
          <div role="row" tabIndex={-1} className="px-3 py-2 text-label text-text-3">
            <span role="gridcell" tabIndex={-1}>
              {t('ui.list.more')}
            </span>
          </div>
        )}
      </div>
      {rowMenu?.isOpen && (
        <OpenRowMenu
          menu={rowMenu}
          at={(active && document.getElementById(active)) || scroller.current}
          onFocusBack={() => scroller.current?.focus({ preventScroll: true })}
        />
      )}
    </>
  );
}

// A plain table for what is short.
export function Table({
  label,
  head,
  numbers,
  children,
}: {
  label: string;
  head: string[];
  // All but the first column hold numbers: their heads stand over them at the right.
  numbers?: boolean;
  children: ReactNode;
}) {
  return (
    <section
      aria-label={label}
      tabIndex={0}
      className="overflow-x-auto rounded-card border border-line bg-surface"
    >
      <table aria-label={label} className="w-full text-left text-dense">
        <thead className="border-b border-line text-label text-text-3">
          <tr>
            {head.map((text, index) => (
              <th
                key={text}
                scope="col"
                className={cx(
                  'px-3 py-1.5 font-medium whitespace-nowrap',
                  numbers && index > 0 && 'text-right',
                )}
              >
                {text}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="[&_td]:px-3 [&_td]:py-1.5 [&_td]:align-top [&_td>button]:-my-1 [&_tr+tr]:border-t [&_tr+tr]:border-line">
          {children}
        </tbody>
      </table>
    </section>
  );
}
