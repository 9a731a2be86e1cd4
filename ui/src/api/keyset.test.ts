// SPDX-License-Identifier: MIT
import { act, renderHook, waitFor } from '@testing-library/react';
import { expect, onTestFinished, test, vi } from 'vitest';
import { bus } from '@/bus/bus';
import { KeysetList, useKeyset } from './keyset';

type Row = { id: string };
const page = (ids: string[], next: string | null) => ({
  items: ids.map((id) => ({ id })),
  next_cursor: next,
});

// A list whose next answers are these, a page or an error each; `asked` has the cursors.
function listOf(...answers: (ReturnType<typeof page> | Error)[]) {
  const asked: (string | undefined)[] = [];
  const list = new KeysetList<Row>(
    async (cursor) => {
      asked.push(cursor);
      const next = answers.shift();
      if (!next) throw new Error('asked too often');
      if (next instanceof Error) throw next;
      return next;
    },
    (row) => row.id,
  );
  return { list, asked, ids: () => list.view().rows.map((row) => row.id) };
}

test('a page that failed is asked for again, and only that page', async () => {
  const { list, asked, ids } = listOf(page(['a'], '1'), new Error('gone'), page(['b'], null));
  await list.more();
  await list.more();
  expect(list.view().state).toBe('error');
  expect(ids()).toEqual(['a']);
  await list.again();
  expect(asked).toEqual([undefined, '1', '1']);
  expect(ids()).toEqual(['a', 'b']);
  expect(list.view().state).toBe('end');
});

test('a reload that failed is done again as a reload, though pages are there', async () => {
  const { list, asked, ids } = listOf(page(['a'], '1'), new Error('gone'), page(['c', 'a'], null));
  await list.more();
  await list.reload();
  expect(list.view().state).toBe('error');
  expect(ids()).toEqual(['a']);
  await list.again();
  expect(asked).toEqual([undefined, undefined, undefined]);
  expect(ids()).toEqual(['c', 'a']);
});

test('a first page that failed is asked for again', async () => {
  const { list, ids } = listOf(new Error('gone'), page(['a'], null));
  await list.more();
  await list.again();
  expect(ids()).toEqual(['a']);
});

test('a page that nobody waits for any more counts no more, until it is asked for again', async () => {
  let come: (one: ReturnType<typeof page>) => void = () => {};
  const list = new KeysetList<Row>(
    () =>
      new Promise<ReturnType<typeof page>>((done) => {
        come = done;
      }),
    (row) => row.id,
  );
  const first = list.more();
  list.cancel();
  come(page(['late'], null));
  await first;
  expect(list.view()).toMatchObject({ rows: [], state: 'cancelled', pages: 0 });
  const second = list.more();
  come(page(['a'], null));
  await second;
  list.cancel();
  expect(list.view()).toMatchObject({ rows: [{ id: 'a' }], state: 'end', pages: 1 });
});

test('nothing is asked for again when nothing failed', async () => {
  const { list, asked } = listOf(page(['a'], '1'));
  await list.again();
  await list.more();
  await list.again();
  expect(asked).toEqual([undefined]);
});

test('when the bus cannot tell what was missed, a list is read from its start', async () => {
  class FakeSocket extends EventTarget {
    static readonly OPEN = 1;
    static last: FakeSocket | undefined;
    constructor(readonly url: string) {
      super();
      FakeSocket.last = this;
    }
    close() {}
  }
  vi.stubGlobal('WebSocket', FakeSocket);
  bus.start(null);
  onTestFinished(() => {
    bus.stop();
    vi.unstubAllGlobals();
  });
  const pages = [page(['b', 'a'], null), page(['c', 'b'], null)];
  const read = vi.fn(async () => pages.shift() ?? page([], null));
  const { result } = renderHook(() => useKeyset<Row>('all', read, (row) => row.id));
  const ids = () => result.current.rows.map((row) => row.id);
  await waitFor(() => expect(ids()).toEqual(['b', 'a']));
  const data = JSON.stringify({ type: 'event', event: 'bus.reset', version: 9, payload: {} });
  act(() => void FakeSocket.last?.dispatchEvent(new MessageEvent('message', { data })));
  // What was deleted meanwhile is gone, what came is there.
  await waitFor(() => expect(ids()).toEqual(['c', 'b']));
  expect(read).toHaveBeenCalledTimes(2);
});
