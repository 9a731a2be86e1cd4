// SPDX-License-Identifier: MIT
// Everything that one can do with a trace: selection, stretch in sight, folding, search. What is worth sharing is kept in the address.
import { useNavigate } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Action } from '@/actions/actions';
import { useStateActions } from '@/actions/state-actions';
import { type Axis, buildAxis, type Piece } from './axis';
import { approvalSearch, buildRows, neighbour, type Rows, type Span, visibleRows } from './model';
import { kHeadHeight, scrollToRow } from './timeline';
import { fitAll, fitTo, isWhole, pan, reveal, type View, zoom } from './view';

type Search = Record<string, string | undefined>;

const kEmpty = buildRows([]);
const kUrlPauseMs = 300;
const kZoomStep = 0.7;
const kPanStep = 0.2;
const kNone: ReadonlySet<string> = new Set();

function haystack(span: Span): string {
  return `${span.name} ${span.kind} ${span.status} ${span.message ?? ''} ${JSON.stringify(span.attributes)}`.toLowerCase();
}

function useFound(rows: Rows, q: string): ReadonlySet<number> | null {
  return useMemo(() => {
    const wanted = q.trim().toLowerCase();
    if (!wanted) return null;
    const out = new Set<number>();
    rows.spans.forEach((span, i) => {
      if (haystack(span).includes(wanted)) out.add(i);
    });
    return out;
  }, [rows, q]);
}

// The address follows the view after a moment of rest.
function useSearchWriter() {
  const navigate = useNavigate();
  const waiting = useRef<Search>({});
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const flush = useCallback(() => {
    timer.current = undefined;
    const change = waiting.current;
    waiting.current = {};
    void navigate({ to: '.', search: (old: Search) => ({ ...old, ...change }), replace: true } as never);
  }, [navigate]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback(
    (change: Search, soon = false) => {
      waiting.current = { ...waiting.current, ...change };
      clearTimeout(timer.current);
      if (soon) flush();
      else timer.current = setTimeout(flush, kUrlPauseMs);
    },
    [flush],
  );
}

function firstView(search: Search): View | null {
  const from = Number(search.from);
  const to = Number(search.to);
  return search.from && search.to && to > from ? { from, to } : null;
}

// Keys zoom about what is selected, when it is in sight, else about the middle.
function anchorOf(rows: Rows, axis: Axis, view: View, selected: number, end: number): number {
  const start = rows.start[selected];
  if (start === undefined) return 0.5;
  const middle = (axis.place(start) + axis.place(Math.min(rows.stop[selected] ?? end, end))) / 2;
  const from = axis.place(view.from);
  const share = (middle - from) / Math.max(axis.place(view.to) - from, 1e-9);
  return share >= 0 && share <= 1 ? share : 0.5;
}

export function useTraceState(maybe: Rows | undefined, now: number, search: Search) {
  const rows = maybe ?? kEmpty;
  const navigate = useNavigate();
  const write = useSearchWriter();
  const scroller = useRef<HTMLDivElement>(null);
  // null: everything, also what is still to come.
  const [chosen, setChosen] = useState<View | null>(() => firstView(search));
  const [selectedId, setSelectedId] = useState(search.span ?? '');
  const [folded, setFolded] = useState(kNone);
  const [opened, setOpened] = useState<ReadonlySet<number>>(() => new Set());
  const q = search.q ?? '';
  const inFull = search.waits === 'full';
  const isTable = search.view === 'table';
  const wantsDetails = search.details !== 'off';

  const selected = rows.byId.get(selectedId) ?? -1;
  // While something is under way the axis grows; it is built anew in steps, since that looks at every span.
  const end = rows.isOpen ? Math.max(rows.end, now) : rows.end;
  const axis = useMemo(() => buildAxis(rows, end, opened, inFull), [rows, end, opened, inFull]);
  const visible = useMemo(() => visibleRows(rows, folded), [rows, folded]);
  const found = useFound(rows, q);
  const view = chosen ?? fitAll(axis);

  const setView = useCallback(
    (next: View) => {
      const whole = isWhole(axis, next);
      setChosen(whole ? null : next);
      write({
        from: whole ? undefined : next.from.toFixed(3),
        to: whole ? undefined : next.to.toFixed(3),
      });
    },
    [axis, write],
  );
  const rowAt = useCallback((i: number) => visible.indexOf(i), [visible]);
  const select = useCallback(
    (i: number, moveView = false) => {
      const span = rows.spans[i];
      if (!span) return;
      setSelectedId(span.span_id);
      write({ span: span.span_id });
      scrollToRow(scroller.current, rowAt(i), kHeadHeight);
      if (moveView && chosen)
        setView(reveal(axis, chosen, rows.start[i] ?? 0, Math.min(rows.stop[i] ?? 0, end)));
    },
    [rows, rowAt, write, axis, chosen, setView, end],
  );
  const step = useCallback(
    (by: number) => {
      const at = rowAt(selected);
      const next = visible[at < 0 ? 0 : Math.max(0, Math.min(visible.length - 1, at + by))];
      if (next !== undefined) select(next, true);
    },
    [rowAt, selected, visible, select],
  );
  const stepTo = useCallback(
    (fits: (i: number) => boolean, by: 1 | -1) => {
      for (let k = 1; k <= rows.count; k += 1) {
        const i = (Math.max(selected, by > 0 ? -1 : 0) + by * k + rows.count * 2) % rows.count;
        if (fits(i)) {
          select(i, true);
          return;
        }
      }
    },
    [rows, selected, select],
  );
  const fold = useCallback((id: string) => {
    setFolded((old) => {
      const next = new Set(old);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  }, []);
  const foldAll = useCallback(() => {
    setFolded((old) => {
      if (old.size > 0) return kNone;
      const next = new Set<string>();
      for (let i = 0; i < rows.count; i += 1) {
        if ((rows.depth[i] ?? 0) > 0 && (rows.after[i] ?? 0) > i + 1) next.add(rows.spans[i]?.span_id ?? '');
      }
      return next;
    });
  }, [rows]);
  const openGap = useCallback((gap: Piece) => setOpened((old) => new Set(old).add(gap.from)), []);
  const open = useCallback(
    (i: number) => {
      const span = rows.spans[i];
      if (!span) return;
      if (span.kind === 'approval') {
        void navigate({ to: '/approvals', search: approvalSearch(span) });
        return;
      }
      void navigate({
        to: '/chat/$session',
        params: { session: span.session_id },
        search: { turn: span.turn_id, ...(span.step_id ? { step: span.step_id } : {}) },
      });
    },
    [rows, navigate],
  );
  const fit = useCallback(() => {
    const from = rows.start[selected];
    const to = Math.min(rows.stop[selected] ?? 0, end);
    if (from === undefined || selected < 0) return setView(fitAll(axis));
    const close = fitTo(axis, from, to);
    const isFitted = chosen && Math.abs(close.from - chosen.from) + Math.abs(close.to - chosen.to) < 1e-2;
    setView(isFitted ? fitAll(axis) : close);
  }, [rows, selected, end, axis, chosen, setView]);
  const sideways = useCallback(
    (by: 1 | -1) => {
      const span = rows.spans[selected];
      if (!span) return step(by);
      const holds = (rows.after[selected] ?? 0) > selected + 1;
      const isFolded = folded.has(span.span_id);
      if (holds && by > 0 === isFolded) fold(span.span_id);
      else if (by > 0 && holds) select(selected + 1, true);
      else if (by < 0 && (rows.parent[selected] ?? -1) >= 0) select(rows.parent[selected] ?? 0, true);
    },
    [rows, selected, folded, fold, select, step],
  );
  const toggle = useCallback(
    (name: string, value: string) => write({ [name]: search[name] === value ? undefined : value }, true),
    [write, search],
  );
  const isFailed = useCallback(
    (i: number) => /^(error|denied|interrupted)$/.test(rows.spans[i]?.status ?? '') && rows.kind[i] !== 0,
    [rows],
  );
  const anchor = anchorOf(rows, axis, view, selected, end);
  const state = {
    rows,
    axis,
    visible,
    view,
    selected,
    found,
    folded,
    q,
    inFull,
    isTable,
    hasDetails: wantsDetails && selected >= 0,
    isZoomed: chosen !== null,
    scroller,
    setView,
    select,
    fold,
    foldAll,
    openGap,
    open,
    fit,
    zoomIn: () => setView(zoom(axis, view, kZoomStep, anchor)),
    zoomOut: () => setView(zoom(axis, view, 1 / kZoomStep, anchor)),
    panLeft: () => setView(pan(axis, view, -kPanStep)),
    panRight: () => setView(pan(axis, view, kPanStep)),
    nextFailed: () => stepTo(isFailed, 1),
    nextFound: () => found && stepTo((i) => found.has(i), 1),
    setQuery: (text: string) => write({ q: text || undefined }),
    toggleTable: () => toggle('view', 'table'),
    toggleWaits: () => {
      setOpened(new Set());
      toggle('waits', 'full');
    },
    toggleDetails: () => toggle('details', 'off'),
    clear: () => {
      setSelectedId('');
      write({ span: undefined });
    },
    step,
    sideways,
    neighbour: (by: 1 | -1) => selected >= 0 && select(neighbour(rows, selected, by), true),
  };
  return state;
}

type State = ReturnType<typeof useTraceState>;

// The commands of the view, with their keys.
export function useTraceActions(state: State): Action[] {
  return useStateActions('trace', state, (one) => [
    one('zoomIn', 'trace.zoomIn', ['w', '+'], (s) => s.zoomIn()),
    one('zoomOut', 'trace.zoomOut', ['s', '-'], (s) => s.zoomOut()),
    one('left', 'trace.left', ['a'], (s) => s.panLeft()),
    one('right', 'trace.right', ['d'], (s) => s.panRight()),
    one('fit', 'trace.fit', ['f'], (s) => s.fit()),
    one('next', 'trace.next', ['.'], (s) => s.neighbour(1)),
    one('previous', 'trace.previous', [','], (s) => s.neighbour(-1)),
    one('rowNext', 'trace.rowNext', [']', 'j', 'arrowdown'], (s) => s.step(1)),
    one('rowPrevious', 'trace.rowPrevious', ['[', 'k', 'arrowup'], (s) => s.step(-1)),
    one('expand', 'trace.expand', ['arrowright'], (s) => s.sideways(1)),
    one('collapse', 'trace.collapse', ['arrowleft'], (s) => s.sideways(-1)),
    one('foldAll', 'trace.foldAll', ['shift+e'], (s) => s.foldAll()),
    one('details', 'trace.details.toggle', ['\\'], (s) => s.toggleDetails()),
    one(
      'clear',
      'trace.clear',
      ['escape'],
      (s) => s.clear(),
      (s) => s.selected >= 0,
    ),
    one('open', 'trace.open', ['enter', 'o'], (s) => s.open(s.selected)),
    one('failed', 'trace.nextFailure', ['e'], (s) => s.nextFailed()),
    one('found', 'trace.nextFound', ['n'], (s) => s.nextFound()),
    one('waits', 'trace.waits.toggle', ['z'], (s) => s.toggleWaits()),
    one('table', 'trace.table', ['v'], (s) => s.toggleTable()),
    one('search', 'trace.search', ['/'], () =>
      document.querySelector<HTMLInputElement>('input[name=trace-search]')?.focus(),
    ),
  ]);
}
