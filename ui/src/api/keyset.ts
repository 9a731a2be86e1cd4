// SPDX-License-Identifier: MIT
// A list of any length, read page by page and kept up to date by events: unlike a query it never asks for all of its pages again.
//   const list = useKeyset(key, (cursor) => take(api.GET(…)), (row) => row.id);
//   list.rows, list.more(), list.put(row), list.drop(key)
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { bus, useBusState } from '@/bus/bus';
import type { Page } from './client';
import { isSignedOut } from './problem';
import { queryClient } from './query-client';

// 'cancelled': a person waits no more, until they ask again.
type State = 'loading' | 'idle' | 'end' | 'error' | 'cancelled';
export type View<T> = { rows: T[]; state: State; error: unknown; pages: number };

export class KeysetList<T> {
  #view: View<T> = { rows: [], state: 'idle', error: null, pages: 0 };
  #cursor: string | null = null;
  #keys = new Set<string>();
  #listeners = new Set<() => void>();
  #generation = 0;
  #wasReload = false;
  readonly #fetchPage: (cursor: string | undefined) => Promise<Page<T>>;
  readonly #keyOf: (row: T) => string;

  constructor(fetchPage: (cursor: string | undefined) => Promise<Page<T>>, keyOf: (row: T) => string) {
    this.#fetchPage = fetchPage;
    this.#keyOf = keyOf;
  }

  view = (): View<T> => this.#view;
  subscribe = (call: () => void): (() => void) => {
    this.#listeners.add(call);
    return () => this.#listeners.delete(call);
  };

  // The next page; nothing while one is under way or when all is there.
  more = async (): Promise<void> => {
    if (this.#view.state === 'loading' || this.#view.state === 'end') return;
    this.#wasReload = false;
    const generation = this.#generation;
    this.#set({ state: 'loading', error: null });
    try {
      const page = await this.#fetchPage(this.#cursor ?? undefined);
      if (generation !== this.#generation) return;
      this.#cursor = page.next_cursor;
      // A row that moved between two pages comes twice; its newest form is the one that is here.
      const fresh = page.items.filter((row) => !this.#keys.has(this.#keyOf(row)));
      for (const row of fresh) this.#keys.add(this.#keyOf(row));
      this.#set({
        rows: this.#view.rows.concat(fresh),
        state: page.next_cursor ? 'idle' : 'end',
        pages: this.#view.pages + 1,
      });
    } catch (error) {
      if (generation !== this.#generation) return;
      if (isSignedOut(error)) void queryClient.invalidateQueries({ queryKey: ['status'] });
      this.#set({ state: 'error', error });
    }
  };

  // From the start; what is there stays until the first page has come.
  reload = async (): Promise<void> => {
    this.#generation += 1;
    this.#wasReload = true;
    const generation = this.#generation;
    this.#set({ state: 'loading', error: null });
    try {
      const page = await this.#fetchPage(undefined);
      if (generation !== this.#generation) return;
      this.#cursor = page.next_cursor;
      this.#keys = new Set(page.items.map(this.#keyOf));
      this.#set({ rows: page.items, state: page.next_cursor ? 'idle' : 'end', pages: 1 });
    } catch (error) {
      if (generation === this.#generation) this.#set({ state: 'error', error });
    }
  };

  // What is under way counts no more when it comes.
  cancel = (): void => {
    if (this.#view.state !== 'loading') return;
    this.#generation += 1;
    this.#set({ state: 'cancelled' });
  };

  // What failed, once more; nothing when nothing did.
  again = async (): Promise<void> => {
    if (this.#view.state === 'error') await (this.#wasReload ? this.reload() : this.more());
  };

  // A row in its newest form: in its place, or at the head when `fits` says that it belongs here.
  put(row: T, fits: boolean): void {
    const key = this.#keyOf(row);
    if (!this.#keys.has(key)) {
      if (!fits) return;
      this.#keys.add(key);
      this.#set({ rows: [row, ...this.#view.rows] });
      return;
    }
    if (!fits) {
      this.drop(key);
      return;
    }
    this.#set({ rows: this.#view.rows.map((one) => (this.#keyOf(one) === key ? row : one)) });
  }

  drop(key: string): void {
    if (!this.#keys.delete(key)) return;
    this.#set({ rows: this.#view.rows.filter((row) => this.#keyOf(row) !== key) });
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  #set(change: Partial<View<T>>): void {
    this.#view = { ...this.#view, ...change };
    for (const call of this.#listeners) call();
  }
}

// One list for each `key`; begins to load at once, and anew when the bus cannot tell what was missed.
export function useKeyset<T>(
  key: string,
  fetchPage: (cursor: string | undefined) => Promise<Page<T>>,
  keyOf: (row: T) => string,
): View<T> & { list: KeysetList<T> } {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for what the functions close over
  const list = useMemo(() => new KeysetList<T>(fetchPage, keyOf), [key]);
  const view = useSyncExternalStore(list.subscribe, list.view);
  useEffect(() => {
    if (list.view().pages === 0) void list.more();
    return bus.on('bus.reset', () => void list.reload());
  }, [list]);
  const isLive = useBusState((state) => state.connection === 'live');
  useEffect(() => {
    if (isLive) void list.again();
  }, [isLive, list]);
  return { ...view, list };
}

// While what a page looks for lets little through, so many pages are looked through without being asked.
const kPagesAtOnce = 10;
const kWanted = 30;

// For a filter that the daemon does not have: `shown` of the rows so far pass it. What a person presses to have more looked through,
// null while nobody has to.
export function useFurther<T>(
  { state, pages, list }: View<T> & { list: KeysetList<T> },
  shown: number,
): (() => void) | null {
  const [allowed, setAllowed] = useState(kPagesAtOnce);
  const isSparse = state === 'idle' && pages > 0 && shown < kWanted;
  useEffect(() => {
    if (isSparse && pages < allowed) void list.more();
  }, [isSparse, pages, allowed, list]);
  return isSparse && pages >= allowed ? () => setAllowed(pages + kPagesAtOnce) : null;
}
