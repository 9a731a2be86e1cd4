// SPDX-License-Identifier: MIT
// Every conversation. The address holds the query bar (?q=) and the session in the details (?peek=).
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { Archive, Columns3, Download, Ellipsis, Plus, Trash2 } from 'lucide-react';
import { useCallback, useMemo, useState } from 'react';
import { menuOf } from '@/actions/menu-item';
import { api, take } from '@/api/client';
import { addMessages, t } from '@/i18n';
import { count } from '@/lib/format';
import { Button, IconButton } from '@/ui/button';
import { VirtualTable } from '@/ui/list';
import { Menu } from '@/ui/menu';
import { Page } from '@/ui/page';
import { useRowKeys } from '@/ui/row-menu';
import { Empty, ErrorNote, FirstPage } from '@/ui/states';
import { useBulk } from './bulk';
import { type RowState, stateOf, useColumns } from './columns';
import { Dialogs, type Open } from './dialogs';
import { sessionsMessages } from './messages';
import { Peek } from './peek';
import { type Session, useAgents, useNarrowed, useSessionRows } from './queries';
import { parseQuery, type Row } from './query';
import { FilterChips, FilterProblems, QueryBar } from './query-bar';
import { useRowCommands, useSessionActions } from './use-commands';
import { useSelection } from './use-selection';

addMessages(sessionsMessages);

// A hit has a second line: the words around it.
const kHitHeight = 48;

const kMenu = [
  'sessions.import',
  'line',
  'sessions.rename',
  'sessions.fork',
  'sessions.trace',
  'sessions.archive',
  'sessions.unarchive',
  'sessions.export',
  'sessions.delete',
];

const kRowMenu = [
  'sessions.peek',
  ...kMenu.filter((id) => id !== 'sessions.import' && id !== 'line' && id !== 'sessions.delete'),
  'sessions.link',
  'line',
  'sessions.delete',
];

type Search = Record<string, string | undefined>;

// A session that the list does not hold: one that a link names, or a sub-agent's.
function usePeeked(id: string, rows: Row[]): Row | undefined {
  const here = useMemo(() => rows.find((row) => row.id === id), [rows, id]);
  const query = useQuery({
    queryKey: ['sessions', id],
    queryFn: () => take(api.GET('/api/v1/sessions/{id}', { params: { path: { id } } })),
    enabled: id !== '' && !here,
  });
  return here ?? (query.data && query.data.id === id ? { ...query.data, snippet: null } : undefined);
}

function SelectionBar({
  selection,
  rows,
  setOpen,
  archive,
}: {
  selection: ReturnType<typeof useSelection>;
  rows: Row[];
  setOpen: (open: Open) => void;
  archive: (rows: Row[]) => void;
}) {
  const isBack = selection.rows.every((row) => row.status === 'archived');
  return (
    <div
      role="toolbar"
      aria-label={t('sessions.select.bar')}
      className="mb-2 flex flex-wrap items-center gap-2 rounded-card border border-accent bg-accent-soft px-3 py-1.5"
    >
      <span role="status" className="text-dense font-medium">
        {t('sessions.selected', { count: selection.ids.size })}
      </span>
      <Button small busy={false} icon={Archive} keys="shift+a" onClick={() => archive(selection.rows)}>
        {t(isBack ? 'sessions.unarchive' : 'sessions.archive')}
      </Button>
      <Button
        small
        busy={false}
        icon={Download}
        keys="shift+d"
        onClick={() => setOpen({ what: 'export', rows: selection.rows })}
      >
        {t('sessions.export')}
      </Button>
      <Button
        small
        busy={false}
        icon={Trash2}
        keys="delete"
        className="text-bad!"
        onClick={() => setOpen({ what: 'delete', rows: selection.rows })}
      >
        {t('sessions.delete')}
      </Button>
      <span className="flex-1" />
      {selection.ids.size < rows.length && (
        <Button small kind="quiet" keys="mod+a" onClick={selection.all}>
          {t('sessions.select.all', { count: count(rows.length) })}
        </Button>
      )}
      <Button small kind="quiet" keys="escape" onClick={selection.clear}>
        {t('sessions.select.none')}
      </Button>
    </div>
  );
}

export function SessionsPage() {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const text = search.q ?? '';
  const query = useMemo(() => parseQuery(text), [text]);
  const held = useSessionRows(query);
  const narrowed = useNarrowed(held, query);
  const { rows } = narrowed;
  const selection = useSelection(rows);
  const rowState: RowState = useMemo(() => ({ words: query.words }), [query.words]);
  const agents = useAgents();
  const commands = useRowCommands();
  const [open, setOpen] = useState<Open>(null);
  const [focusedId, setFocusedId] = useState('');
  const { columns, menu } = useColumns(rowState);

  const write = useCallback(
    (change: Search) =>
      void navigate({ to: '.', search: (old: Search) => ({ ...old, ...change }), replace: true } as never),
    [navigate],
  );
  const setText = useCallback((q: string) => write({ q: q || undefined }), [write]);
  const peekId = search.peek ?? '';
  const peeked = usePeeked(peekId, rows);
  const focused = Math.max(
    0,
    rows.findIndex((row) => row.id === focusedId),
  );
  const focus = (index: number) => {
    const row = rows[index];
    if (!row) return;
    setFocusedId(row.id);
    if (peekId && row.id !== peekId) write({ peek: row.id });
  };
  const peek = (row: Row) => write({ peek: row.id === peekId ? undefined : row.id });
  const { list, put } = held;
  const onChanged = useCallback(
    (id: string, session: Session | null) => {
      if (session) put(session);
      else list.drop(id);
      selection.drop(id);
    },
    [list, put, selection.drop],
  );
  const bulk = useBulk(onChanged);
  const archive = (targets: Row[]) =>
    void bulk.run(targets, targets.every((row) => row.status === 'archived') ? 'unarchive' : 'archive');
  const focusedRow = rows[focused];
  const actions = useSessionActions({
    targets: selection.ids.size > 0 ? selection.rows : focusedRow ? [focusedRow] : [],
    focusedRow,
    selected: selection.ids.size,
    setOpen,
    archive,
    step: (by) => focus(Math.max(0, Math.min(rows.length - 1, focused + by))),
    togglePeek: () => focusedRow && peek(focusedRow),
    selectAll: selection.all,
    clear: selection.clear,
    commands,
  });

  const rowKeys = useRowKeys('sessions', focusedRow && `/chat/${focusedRow.id}`);

  const isBusy = held.state === 'loading';
  const isFiltered = query.filters.length > 0 || query.words !== '';
  return (
    <Page
      fixed
      title={t('sessions.title')}
      status={
        held.pages > 0 && (
          <span role="status" className="text-label text-text-3">
            {query.local
              ? t('sessions.looked', { found: count(rows.length), looked: count(narrowed.lookedThrough) })
              : t('sessions.count', { count: rows.length, more: held.state === 'end' ? 'no' : 'yes' })}
          </span>
        )
      }
      secondary={
        <>
          <Menu
            label={t('sessions.columns')}
            trigger={<IconButton icon={Columns3} label={t('sessions.columns')} />}
            items={menu}
          />
          <Menu
            label={t('sessions.more')}
            trigger={<IconButton icon={Ellipsis} label={t('sessions.more')} />}
            items={menuOf(actions, kMenu, 'sessions.delete')}
          />
        </>
      }
      primary={
        <Button kind="primary" icon={Plus} keys="n" onClick={() => void navigate({ to: '/chat' })}>
          {t('sessions.new')}
        </Button>
      }
      filters={
        <>
          <QueryBar text={text} onText={setText} agents={agents.data?.items.map((one) => one.id) ?? []} />
          <FilterChips query={query} text={text} onText={setText} />
        </>
      }
      details={
        peeked && (
          <Peek
            key={peeked.id}
            row={peeked}
            state={stateOf(peeked)}
            onClose={() => write({ peek: undefined })}
            onOpen={() => commands.open(peeked)}
            onFork={(message) => void commands.fork(peeked, message)}
            onTrace={() => void commands.trace(peeked)}
          />
        )
      }
      detailsLabel={t('sessions.peek')}
    >
      <FilterProblems problems={query.problems} />
      {commands.refused && (
        <ErrorNote error={commands.refused.error} what={commands.refused.what} onDismiss={commands.forget} />
      )}
      {held.state === 'error' && (
        <ErrorNote error={held.error} what={t('sessions.failed')} retry={() => void list.again()} />
      )}
      {selection.ids.size > 0 && (
        <SelectionBar selection={selection} rows={rows} setOpen={setOpen} archive={archive} />
      )}
      {held.pages === 0 && held.state !== 'error' && <FirstPage held={held} rows={14} />}
      {rows.length > 0 && (
        <VirtualTable
          label={t('sessions.list')}
          rows={rows}
          more={held.state !== 'end'}
          columns={columns}
          rowKey={(row) => row.id}
          nameOf={(row) => row.title || row.id}
          {...(query.words ? { rowHeight: kHitHeight } : {})}
          focused={focused}
          onFocus={focus}
          onOpen={commands.open}
          onPeek={peek}
          onPress={(row) => write({ peek: row.id })}
          selected={selection.ids}
          onSelect={selection.toggle}
          onEnd={list.more}
          rowMenu={rowKeys.menu(menuOf([...actions, ...rowKeys.actions], kRowMenu, 'sessions.delete'))}
        />
      )}
      {rows.length === 0 && held.pages > 0 && !isBusy && held.state !== 'error' && (
        <Empty
          title={t(isFiltered ? 'sessions.filtered.title' : 'sessions.empty.title')}
          why={t(isFiltered ? 'sessions.filtered.why' : 'sessions.empty.why')}
          action={
            isFiltered ? (
              <Button onClick={() => setText('')}>
                {t('sessions.clear', { count: query.filters.length + (query.words ? 1 : 0) })}
              </Button>
            ) : (
              <Button kind="primary" onClick={() => void navigate({ to: '/chat' })}>
                {t('sessions.new')}
              </Button>
            )
          }
        />
      )}
      {query.local && (narrowed.canLookFurther || (isBusy && rows.length === 0)) && (
        <p className="flex items-center gap-3 pt-2 text-dense text-text-2">
          {narrowed.canLookFurther ? (
            <>
              {t('sessions.looked', { found: count(rows.length), looked: count(narrowed.lookedThrough) })}
              <Button small onClick={narrowed.lookFurther}>
                {t('sessions.lookFurther')}
              </Button>
            </>
          ) : (
            t('sessions.looking')
          )}
        </p>
      )}
      <Dialogs open={open} onClose={() => setOpen(null)} bulk={bulk} onSaved={put} />
    </Page>
  );
}
