// SPDX-License-Identifier: MIT
import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import { useActionRegistry } from '@/actions/actions';
import type { Events } from '@/api/schema';
import { type BusEvent, bus, type EventName } from '@/bus/bus';
import { useNotes } from '@/ui/toast';
import { answer, asked, expectAccessible, problem, renderPage, startFakeDaemon } from '../../../test/page';
import type { Row } from './query';
import { SessionsPage } from './sessions-page';

const row = (n: number, more: Partial<Row> = {}): Row => ({
  id: `ses_${n}`,
  workspace_id: null,
  agent: 'default',
  model: null,
  title: `Session ${n}`,
  status: 'active',
  surface: 'cli',
  parent_id: null,
  message_count: n,
  unread: false,
  last_turn_id: 'trn_1',
  last_state: 'completed',
  cost: null,
  unpriced_calls: 0,
  input_tokens: 0,
  output_tokens: 0,
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
  snippet: null,
  ...more,
});

const usd = (amount: string) => ({ amount, currency: 'USD' as const });

const kList = 'GET /api/v1/sessions';
const page = (items: Row[], next: string | null = null) => ({ items, next_cursor: next });
const press = (id: string) => useActionRegistry.getState().actions.get(`sessions.${id}`)?.run();
const listed = () => asked.filter((one) => one.path === '/api/v1/sessions');

// There is no layout here: the list is given a height, so that it has rows.
beforeEach(() => {
  startFakeDaemon();
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(600);
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1200);
  answer('GET /api/v1/agents', { items: [], next_cursor: null });
  answer('GET /api/v1/workspaces', { items: [], next_cursor: null });
  answer('GET /api/v1/approvals', { items: [], next_cursor: null });
  answer('GET /api/v1/sessions/{id}/messages', { items: [], next_cursor: null });
  answer('GET /api/v1/sessions/{id}/children', { items: [], next_cursor: null });
});

test('rows with what they cost; the filters of the address go to the daemon', async () => {
  answer(
    kList,
    page([row(1, { cost: usd('0.0132'), last_state: 'failed' }), row(2, { status: 'archived' })]),
  );
  const { container } = renderPage(<SessionsPage />, { at: '/sessions?q=agent:default+harbour' });
  expect(await screen.findByText('Session 1')).toBeTruthy();
  expect(await screen.findByText('$0.0132')).toBeTruthy();
  expect(screen.getByText('failed')).toBeTruthy();
  expect(listed()[0]?.query.get('agent')).toBe('default');
  expect(listed()[0]?.query.get('query')).toBe('harbour');
  expect(screen.getByText('Clear filters (2)')).toBeTruthy();
  await expectAccessible(container);
});

test('pages come by key, and no more after the last', async () => {
  answer(kList, ({ query }: { query: URLSearchParams }) =>
    query.get('cursor') ? page([row(2)]) : page([row(1)], 'next'),
  );
  renderPage(<SessionsPage />, { at: '/sessions' });
  expect(await screen.findByText('Session 2')).toBeTruthy();
  expect(listed().map((one) => one.query.get('cursor'))).toEqual([null, 'next']);
  expect(screen.getByText('2 sessions')).toBeTruthy();
});

test('a cost filter is held against each row, and says how many were looked through', async () => {
  answer(kList, page([row(1), row(2, { cost: usd('2.5') }), row(3)]));
  renderPage(<SessionsPage />, { at: '/sessions?q=cost%3E1' });
  expect(await screen.findByText('Session 2')).toBeTruthy();
  expect(screen.queryByText('Session 1')).toBeNull();
  expect(screen.getByText('1 of 3 looked through')).toBeTruthy();
});

test('typing becomes the address, a chip can be taken out', async () => {
  answer(kList, page([row(1)]));
  const { router } = renderPage(<SessionsPage />, { at: '/sessions' });
  await userEvent.type(await screen.findByRole('combobox'), 'status:arch{ArrowDown}{Enter}');
  await waitFor(() => expect(router.state.location.search).toEqual({ q: 'status:archived' }));
  await userEvent.click(await screen.findByLabelText('Take out status:archived'));
  await waitFor(() => expect(router.state.location.search).toEqual({}));
});

test('x and Shift x select, many are archived with progress, refusals are told', async () => {
  answer(kList, page([row(1), row(2), row(3)]));
  answer('PATCH /api/v1/sessions/{id}', ({ path }: { path: string }) =>
    path.endsWith('ses_2')
      ? problem(409, 'PRYX-0409', 'A turn is open.')
      : row(1, { id: path.split('/').at(-1) ?? '' }),
  );
  renderPage(<SessionsPage />, { at: '/sessions' });
  await screen.findByText('Session 1');
  const grid = screen.getByRole('grid');
  fireEvent.keyDown(grid, { key: 'x' });
  fireEvent.keyDown(grid, { key: 'ArrowDown' });
  fireEvent.keyDown(grid, { key: 'ArrowDown' });
  fireEvent.keyDown(grid, { key: 'X', shiftKey: true });
  expect(await screen.findByText('3 selected')).toBeTruthy();
  press('archive');
  const dialog = await screen.findByRole('dialog');
  expect(await within(dialog).findByText(/A turn is open/)).toBeTruthy();
  await expectAccessible(dialog);
});

test('deleting says what goes, in numbers', async () => {
  answer(kList, page([row(3), row(4)]));
  answer('DELETE /api/v1/sessions/{id}', { status: 204, body: null });
  renderPage(<SessionsPage />, { at: '/sessions' });
  await screen.findByText('Session 3');
  press('all');
  await screen.findByText('2 selected');
  press('delete');
  expect(await screen.findByText(/Deletes 2 sessions with 7 messages/)).toBeTruthy();
  await userEvent.click(screen.getByText('Delete 2 sessions'));
  await waitFor(() => expect(screen.queryByText('Session 3')).toBeNull());
  expect(asked.filter((one) => one.method === 'DELETE')).toHaveLength(2);
});

test('what went with another session is deleted, not refused', async () => {
  answer(kList, page([row(3)]));
  answer('DELETE /api/v1/sessions/{id}', problem(404, 'PRYX-1005', 'there is no session ses_3'));
  renderPage(<SessionsPage />, { at: '/sessions' });
  await screen.findByText('Session 3');
  press('all');
  await screen.findByText('1 selected');
  press('delete');
  await userEvent.click(await screen.findByText('Delete session'));
  await waitFor(() => expect(screen.queryByText('Session 3')).toBeNull());
  expect(screen.queryByText('1 was refused')).toBeNull();
});

test('events change rows in place, and the list is not asked for again', async () => {
  answer(kList, page([row(1), row(2)]));
  const listeners: [pattern: string, call: (event: BusEvent) => void][] = [];
  vi.spyOn(bus, 'on').mockImplementation((pattern, call) => {
    listeners.push([pattern, call as (event: BusEvent) => void]);
    return () => undefined;
  });
  const tell = <Name extends EventName>(event: Name, payload: Partial<Events[Name]>) =>
    act(() => {
      const around = { type: 'event', version: 1, session_id: null, surface: null, timestamp: '' };
      for (const [pattern, call] of listeners)
        if (pattern === 'session.*') call({ ...around, event, payload } as never);
    });
  renderPage(<SessionsPage />, { at: '/sessions' });
  await screen.findByText('Session 1');
  tell('session.updated', { session: row(1, { title: 'Harbour' }) });
  expect(await screen.findByText('Harbour')).toBeTruthy();
  tell('session.created', { session: row(9) });
  expect(await screen.findByText('Session 9')).toBeTruthy();
  tell('session.deleted', { session_id: 'ses_2' });
  await waitFor(() => expect(screen.queryByText('Session 2')).toBeNull());
  expect(listed()).toHaveLength(1);
});

test('the details show facts, children and how it began', async () => {
  answer(kList, page([row(1)]));
  answer('GET /api/v1/sessions/{id}/messages', {
    items: [
      {
        id: 'msg_1',
        session_id: 'ses_1',
        role: 'user',
        turn_id: 'trn_1',
        step_id: null,
        parts: [{ type: 'text', state: 'complete', text: '<b>plan</b> the harbour', labels: [] }],
        created_at: '2026-01-01T00:00:00Z',
      },
    ],
    next_cursor: null,
  });
  const { container } = renderPage(<SessionsPage />, { at: '/sessions?peek=ses_1' });
  expect(await screen.findByText('<b>plan</b> the harbour')).toBeTruthy();
  await expectAccessible(container);
});

test('export: what is taken out is shown before there is a file', async () => {
  answer(kList, page([row(1)]));
  answer('GET /api/v1/sessions/{id}/export', {
    content: { session: row(1), messages: [], turns: [], approvals: [] },
    manifest: { format: 'pryx.session/1', sha256: 'ab12' },
  });
  answer('GET /api/v1/sessions/{id}/export/preview', {
    session_id: 'ses_1',
    items: [
      {
        detector: 'email',
        placeholder: '[email-1]',
        where: '/messages/0/parts/0/text',
        message_id: 'msg_1',
        at: 0,
        length: 7,
        before: 'a•••••g wrote',
        after: '[email-1] wrote',
      },
    ],
    next_cursor: null,
    places: 1,
    counts: [{ detector: 'email', values: 1, places: 1 }],
  });
  renderPage(<SessionsPage />, { at: '/sessions' });
  await screen.findByText('Session 1');
  press('export');
  const dialog = await screen.findByRole('dialog');
  await userEvent.click(await within(dialog).findByText('Next'));
  expect((await within(dialog).findAllByText('E-mail addresses'))[0]).toBeTruthy();
  expect(within(dialog).getByText('a•••••g wrote').closest('del')).toBeTruthy();
  expect(asked.some((one) => one.query.get('format') === 'html')).toBe(false);
  await expectAccessible(dialog);
  await userEvent.click(within(dialog).getByText('Next'));
  expect(await within(dialog).findByText('ses_1.html')).toBeTruthy();
  expect(within(dialog).getByText('ab12')).toBeTruthy();
});

test('the menu is the actions themselves: their names and keys, about what is selected', async () => {
  answer(kList, page([row(1), row(2), row(3)]));
  renderPage(<SessionsPage />, { at: '/sessions' });
  await screen.findByText('Session 1');
  await userEvent.click(screen.getByRole('button', { name: 'More' }));
  const items = within(await screen.findByRole('menu')).getAllByRole('menuitem');
  const actions = useActionRegistry.getState().actions;
  for (const id of ['import', 'rename', 'fork', 'trace', 'archive', 'unarchive', 'export', 'delete']) {
    const label = actions.get(`sessions.${id}`)?.label ?? '';
    const item = items.find((one) => one.textContent?.startsWith(label));
    expect(item?.hasAttribute('data-disabled')).toBe(id === 'unarchive');
  }
  await userEvent.keyboard('{Escape}');
  act(() => press('all'));
  await userEvent.click(screen.getByRole('button', { name: 'More' }));
  await userEvent.click(await screen.findByRole('menuitem', { name: /^Delete/ }));
  expect(await screen.findByRole('dialog', { name: /3 sessions/ })).toBeTruthy();
});

test('an undo that is refused when the page was left is told above the next one', async () => {
  answer(kList, page([row(1)]));
  answer('PATCH /api/v1/sessions/{id}', row(1, { status: 'archived' }));
  const { unmount } = renderPage(<SessionsPage />, { at: '/sessions' });
  await screen.findByText('Session 1');
  useNotes.setState({ notes: [] });
  act(() => press('archive'));
  await waitFor(() => expect(useNotes.getState().notes[0]?.undo).toBeTruthy());
  unmount();
  answer('PATCH /api/v1/sessions/{id}', problem(409, 'PRYX-1409', 'it is being exported'));
  await expect(useNotes.getState().notes[0]?.undo?.()).rejects.toThrow('Session 1: it is being exported');
});

test('no sessions yet', async () => {
  answer(kList, page([]));
  renderPage(<SessionsPage />, { at: '/sessions' });
  expect(await screen.findByText('No sessions yet')).toBeTruthy();
});

test('nothing fits, and the way back', async () => {
  answer(kList, page([]));
  const { router } = renderPage(<SessionsPage />, { at: '/sessions?q=status:archived' });
  expect(await screen.findByText('No session fits')).toBeTruthy();
  await userEvent.click(screen.getAllByText('Clear filters (1)')[0] as HTMLElement);
  await waitFor(() => expect(router.state.location.search).toEqual({}));
});

test('an error has its code, and can be tried again', async () => {
  answer(kList, problem(500, 'PRYX-0500', 'The database is busy.'));
  renderPage(<SessionsPage />, { at: '/sessions' });
  expect(await screen.findByText('PRYX-0500')).toBeTruthy();
  answer(kList, page([row(1)]));
  await userEvent.click(screen.getByText('Try again'));
  expect(await screen.findByText('Session 1')).toBeTruthy();
});

test('a daemon that is away is said so', async () => {
  renderPage(<SessionsPage />, { at: '/sessions' });
  expect((await screen.findAllByText(/The daemon did not answer/)).length).toBeGreaterThan(0);
});
