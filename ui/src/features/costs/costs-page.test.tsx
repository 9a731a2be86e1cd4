// SPDX-License-Identifier: MIT
import { act, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { keysOf } from '@/bus/resync';
import {
  type Asked,
  answer,
  asked,
  expectAccessible,
  problem,
  renderPage,
  startFakeDaemon,
} from '../../../test/page';
import { CostsPage } from './costs-page';
import { dayName, rangeOf, rangeOfDay } from './range';

// There is no canvas here; the table says the same.
vi.mock('./chart', () => ({ CostChart: ({ summary }: { summary: string }) => <p>{summary}</p> }));

const usd = (amount: string) => ({ amount, currency: 'USD' });
const totals = (cost: string | null, more: object = {}) => ({
  calls: 2,
  usage: {
    input_tokens: 12_400,
    output_tokens: 300,
    cached_input_tokens: 6200,
    cache_write_tokens: 0,
    reasoning_tokens: 0,
    estimated: false,
  },
  cost: cost === null ? null : usd(cost),
  unpriced_calls: 0,
  estimated_calls: 0,
  ...more,
});
const kReport = {
  items: [
    { key: 'openai/gpt-4o', ...totals('0.054') },
    { key: 'local/odd', ...totals(null, { unpriced_calls: 2 }) },
  ],
  next_cursor: null,
  group_by: 'model',
  total: totals('0.054', { calls: 4, unpriced_calls: 2 }),
};
const kBudget = {
  scope: 'day',
  subject: null,
  period: '2026-01-01',
  limit: usd('0.06'),
  spent: usd('0.054'),
  reserved: usd('0.00'),
  left: usd('0.006'),
};

beforeEach(() => {
  startFakeDaemon();
  answer('GET /api/v1/costs', kReport);
  answer('GET /api/v1/budgets', { items: [kBudget], next_cursor: null });
});

test('the sum is the one of the daemon, and unpriced calls are named', async () => {
  const { container } = renderPage(<CostsPage />, { at: '/costs?by=model&range=7d' });
  const table = await screen.findByRole('table');
  const sum = within(table).getAllByRole('row').at(-1);
  expect(sum?.textContent).toContain('$0.054');
  expect(within(table).getByText('openai/gpt-4o').closest('tr')?.textContent).toContain('100 %');
  expect(await screen.findByText('local/odd (2)')).toBeTruthy();
  expect(screen.getByText('50 % of what was read')).toBeTruthy();
  const call = asked.find((one) => one.path === '/api/v1/costs');
  expect(call?.query.get('group_by')).toBe('model');
  expect(call?.query.get('from')).toBe(rangeOf('7d').from);
  await expectAccessible(container);
});

test('grouping goes into the address', async () => {
  const { router } = renderPage(<CostsPage />, { at: '/costs' });
  await userEvent.selectOptions(await screen.findByLabelText('Group by'), 'session');
  expect(router.state.location.search).toMatchObject({ by: 'session' });
});

test('sessions beyond the newest have their titles too, and a deleted one its id', async () => {
  // What is in sight: all.
  vi.stubGlobal(
    'IntersectionObserver',
    class {
      constructor(readonly call: (entries: { isIntersecting: boolean }[]) => void) {}
      observe() {
        this.call([{ isIntersecting: true }]);
      }
      disconnect() {}
    },
  );
  const key = (at: number) => `ses_0000000000000000000000${at + 10}`;
  const items = Array.from({ length: 70 }, (_, at) => ({ key: key(at), ...totals('0.01') }));
  answer('GET /api/v1/costs', { ...kReport, group_by: 'session', items });
  answer('GET /api/v1/sessions', { items: [{ id: key(0), title: 'The newest' }], next_cursor: 'more' });
  answer('GET /api/v1/sessions/{id}', ({ path }: Asked) => {
    const id = path.split('/').at(-1);
    return id === key(69) ? problem(404, 'PRYX-1004', 'gone') : { id, title: `Title of ${id}` };
  });
  const { queries } = renderPage(<CostsPage />, { at: '/costs?by=session' });
  const table = await screen.findByRole('table');
  expect(await within(table).findByText('The newest')).toBeTruthy();
  expect(await within(table).findByText(`Title of ${key(1)}`)).toBeTruthy();
  expect(await within(table).findByText(`Title of ${key(68)}`)).toBeTruthy();
  expect(within(table).getByTitle(key(69)).textContent).toBeTruthy();
  expect(asked.filter((one) => one.path.endsWith(key(1)))).toHaveLength(1);
  // What a session tells of its turns asks for no name again.
  const before = asked.length;
  for (const stale of keysOf('turn.completed')) await queries.invalidateQueries({ queryKey: [stale] });
  expect(asked.slice(before)).toEqual([]);
});

test('a day leads to its sessions, by the day that the daemon books', async () => {
  vi.stubEnv('TZ', 'America/New_York');
  onTestFinished(() => void vi.unstubAllEnvs());
  const items = [{ key: '2026-11-22', ...totals('0.01') }];
  answer('GET /api/v1/costs', ({ query }: Asked) => {
    const groupBy = query.get('group_by');
    return { ...kReport, group_by: groupBy, items: groupBy === 'day' ? items : [] };
  });
  const { router } = renderPage(<CostsPage />, { at: '/costs?session=ses_1' });
  await userEvent.click(await screen.findByRole('link', { name: '2026-11-22' }));
  expect(router.state.location.search).toEqual({ by: 'session', day: '2026-11-22', session: 'ses_1' });
  await waitFor(() => {
    const call = asked.find((one) => one.path === '/api/v1/costs' && one.query.get('group_by') === 'session');
    expect(call?.query.get('from')).toBe('2026-11-22T00:00:00.000Z');
    expect(call?.query.get('to')).toBe('2026-11-23T00:00:00.000Z');
    expect(call?.query.get('session')).toBe('ses_1');
  });
  await userEvent.click(await screen.findByRole('button', { name: /^Only 2026-11-22/ }));
  expect(router.state.location.search).toEqual({ by: 'session', session: 'ses_1' });
});

test('a page that is left open over midnight asks for the new day', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  vi.setSystemTime('2026-11-22T23:59:30Z');
  renderPage(<CostsPage />, { at: '/costs?range=today' });
  const froms = () => asked.filter((one) => one.path === '/api/v1/costs').map((one) => one.query.get('from'));
  await vi.waitFor(() => expect(froms()).toContain('2026-11-22T00:00:00.000Z'));
  act(() => void vi.advanceTimersByTime(60_000));
  await vi.waitFor(() => expect(froms()).toContain('2026-11-23T00:00:00.000Z'));
});

test('nothing yet, and nothing in this time', async () => {
  answer('GET /api/v1/costs', { ...kReport, items: [], total: totals('0.00', { calls: 0 }) });
  // Who has spent nothing ever has no filters to clear.
  const { unmount } = renderPage(<CostsPage />, { at: '/costs?range=today' });
  expect(await screen.findByText('Nothing was spent yet')).toBeTruthy();
  unmount();
  answer('GET /api/v1/costs', ({ query }: Asked) =>
    query.has('from') ? { ...kReport, items: [], total: totals('0.00', { calls: 0 }) } : kReport,
  );
  const { router } = renderPage(<CostsPage />, { at: '/costs?range=today' });
  await userEvent.click(await screen.findByRole('button', { name: 'Clear filters (1)' }));
  expect(router.state.location.search).toMatchObject({ range: 'all' });
});

test('a problem and silence are said', async () => {
  answer('GET /api/v1/costs', problem(500, 'PRYX-1500', 'The ledger is closed.'));
  const { unmount } = renderPage(<CostsPage />, { at: '/costs' });
  expect(await screen.findByText('The ledger is closed.')).toBeTruthy();
  unmount();
  startFakeDaemon();
  renderPage(<CostsPage />, { at: '/costs' });
  expect((await screen.findAllByText(/The daemon did not answer/)).length).toBeGreaterThan(0);
});

test('a budget shows what it has passed, is set by its form, and removed with a way back', async () => {
  answer('PUT /api/v1/budgets', { items: [], next_cursor: null });
  renderPage(<CostsPage />, { at: '/costs' });
  expect(await screen.findByText('passed 90 %')).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: 'Set budget' }));
  const dialog = await screen.findByRole('dialog');
  await expectAccessible(dialog);
  await userEvent.type(within(dialog).getByLabelText('Limit in USD'), 'x');
  expect(within(dialog).getByText('An amount such as 5.00')).toBeTruthy();
  await userEvent.clear(within(dialog).getByLabelText('Limit in USD'));
  await userEvent.type(within(dialog).getByLabelText('Limit in USD'), '2.50{Enter}');
  expect(asked.find((one) => one.method === 'PUT')?.body).toEqual({
    budgets: [{ scope: 'day', limit: '2.50' }],
  });
});

test('setting a limit that is there says that it is replaced, and another does not', async () => {
  renderPage(<CostsPage />, { at: '/costs' });
  expect(await screen.findByText('passed 90 %')).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: 'Set budget' }));
  const dialog = within(await screen.findByRole('dialog'));
  expect(
    dialog.getByText('There is a limit already: Every day, $0.06. This one takes its place.'),
  ).toBeTruthy();
  expect(dialog.getByRole('button', { name: 'Replace budget' })).toBeTruthy();
  await userEvent.selectOptions(dialog.getByLabelText('For'), 'month');
  expect(dialog.queryByText(/takes its place/)).toBeNull();
  expect(dialog.getByRole('button', { name: 'Save budget' })).toBeTruthy();
});

test('days and months begin in UTC', () => {
  const now = Date.parse('2026-03-05T13:00:00Z');
  expect(rangeOf('today', now)).toEqual({ from: '2026-03-05T00:00:00.000Z' });
  expect(rangeOf('7d', now)).toEqual({ from: '2026-02-27T00:00:00.000Z' });
  expect(rangeOf('month', now)).toEqual({ from: '2026-03-01T00:00:00.000Z' });
  expect(rangeOf('all', now)).toEqual({});
  expect(rangeOfDay('2026-02-28')).toEqual({
    from: '2026-02-28T00:00:00.000Z',
    to: '2026-03-01T00:00:00.000Z',
  });
  expect(['2026-02-28', '2026-13-01', 'yesterday', undefined].map(dayName)).toEqual([
    '2026-02-28',
    undefined,
    undefined,
    undefined,
  ]);
});
