// SPDX-License-Identifier: MIT
// The conversations at the left: any number, newest first, found by what was said in them.

import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { PanelLeftClose, Plus, Search } from 'lucide-react';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import type { Schemas } from '@/api/client';
import { t } from '@/i18n';
import { cx } from '@/lib/cx';
import { relative } from '@/lib/format';
import { Button, IconButton } from '@/ui/button';
import { ErrorNote, Waiting } from '@/ui/states';
import { useSessionList } from './queries';

const kRow = 48;
const kTypingMs = 200;

export function useSessions(query: string) {
  const list = useSessionList(query);
  return { list, sessions: list.data?.pages.flatMap((page) => page.items) ?? [] };
}

function Item({ session, current }: { session: Schemas['SessionHit']; current: boolean }) {
  return (
    <Link
      to="/chat/$session"
      params={{ session: session.id }}
      aria-current={current ? 'page' : undefined}
      className={cx(
        'flex h-11.5 flex-col justify-center rounded-control px-2.5',
        current ? 'bg-accent-soft' : 'hover:bg-sunken',
      )}
    >
      <span className={cx('truncate text-dense', current ? 'font-medium text-accent' : 'text-text')}>
        {session.title || t('chat.untitled')}
      </span>
      <span className="flex items-center gap-1.5 truncate text-meta text-text-3">
        <span className="whitespace-nowrap">{relative(session.updated_at)}</span>
        <span aria-hidden>·</span>
        <span className="truncate">{session.snippet ?? session.model ?? session.agent}</span>
      </span>
    </Link>
  );
}

export function SessionList({
  current,
  onFold,
  onNew,
}: {
  current: string | undefined;
  onFold: () => void;
  onNew: () => void;
}) {
  const [text, setText] = useState('');
  const [query, setQuery] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setQuery(text.trim()), kTypingMs);
    return () => clearTimeout(timer);
  }, [text]);
  const { list, sessions } = useSessions(query);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: sessions.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => kRow,
    overscan: 8,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = list;
  useEffect(() => {
    // What was refused is asked for again by a person only.
    if (isFetchNextPageError || isFetchingNextPage || !hasNextPage) return;
    if (last >= sessions.length - 10) void fetchNextPage();
  }, [last, sessions.length, hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage]);
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const links = [...(scroller.current?.querySelectorAll('a') ?? [])];
    const at = links.indexOf(document.activeElement as HTMLAnchorElement);
    if (!step || at < 0) return;
    event.preventDefault();
    links[at + step]?.focus();
  };
  return (
    <nav
      aria-label={t('chat.list')}
      className="flex h-full min-h-0 w-full flex-col border-r border-line bg-surface"
    >
      <div className="flex items-center gap-1 p-2">
        <Button className="flex-1" icon={Plus} keys="n" onClick={onNew}>
          {t('chat.new')}
        </Button>
        <IconButton icon={PanelLeftClose} label={t('chat.list.fold')} onClick={onFold} />
      </div>
      <div className="relative px-2 pb-2">
        <Search size={14} aria-hidden className="absolute top-2 left-4.5 text-text-3" />
        <input
          id="chat-search"
          type="search"
          value={text}
          aria-label={t('chat.list.search')}
          placeholder={t('chat.list.search')}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Escape' || !text) return;
            event.preventDefault();
            event.stopPropagation();
            setText('');
          }}
          className="h-8 w-full rounded-control border border-control bg-surface pr-2 pl-8 text-dense placeholder:text-text-3"
        />
      </div>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the arrows move between the links inside */}
      <div ref={scroller} onKeyDown={onKeyDown} className="min-h-0 flex-1 overflow-y-auto px-2 pb-2">
        {list.isPending && <Waiting of={[list]} rows={8} />}
        {list.isError && sessions.length === 0 && (
          <ErrorNote error={list.error} what={t('chat.list.failed')} retry={() => void list.refetch()} />
        )}
        {list.isSuccess && sessions.length === 0 && (
          <p className="px-2 py-4 text-dense text-text-2">
            {query ? t('chat.list.filtered', { query }) : t('chat.list.empty')}
            {query && (
              <Button small className="mt-2" onClick={() => setText('')}>
                {t('chat.list.clear')}
              </Button>
            )}
          </p>
        )}
        <div className="relative" style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const session = sessions[item.index];
            return (
              session && (
                <div
                  key={session.id}
                  className="absolute inset-x-0"
                  style={{ transform: `translateY(${item.start}px)` }}
                >
                  <Item session={session} current={session.id === current} />
                </div>
              )
            );
          })}
        </div>
        {isFetchNextPageError && (
          <ErrorNote
            error={list.error}
            what={t('chat.list.more.failed')}
            retry={() => void fetchNextPage()}
          />
        )}
      </div>
    </nav>
  );
}
