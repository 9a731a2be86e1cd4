// SPDX-License-Identifier: MIT
import { act, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import { type BusEvent, bus } from '@/bus/bus';
import {
  type Asked,
  answer,
  asked,
  expectAccessible,
  problem,
  renderPage,
  startFakeDaemon,
} from '../../../test/page';
import { EgressPage } from './egress-page';
import type { Sent } from './queries';

const kThen = '2026-01-01T00:00:00.000Z';

const one = (number: number, more: Partial<Sent> = {}): Sent => ({
  number,
  at: kThen,
  ended_at: kThen,
  tool: 'http.request',
  method: 'GET',
  scheme: 'https',
  host: `host${number}.example`,
  port: 443,
  peer: '203.0.113.7',
  status: 200,
  state: 'done',
  reason: null,
  bytes_out: 120,
  bytes_in: 2048,
  session_id: 'ses_1',
  turn_id: 'trn_1',
  step_id: null,
  ...more,
});

const kAll = [
  one(4, {
    tool: 'shell.exec',
    method: 'CONNECT',
    scheme: 'tunnel',
    state: 'open',
    ended_at: null,
    status: null,
  }),
  one(3, { state: 'denied', reason: 'not on the list', peer: null, status: null, turn_id: 'trn_2' }),
  one(2, { state: 'unknown', session_id: 'ses_2', status: null }),
  one(1),
];

// As the daemon does it: newest first, below the cursor.
function fake(requests: () => Sent[], most = 200) {
  answer('GET /api/v1/egress', ({ query }: Asked) => {
    const limit = Math.min(Number(query.get('limit')), most);
    const below = Number(query.get('cursor') ?? '1000000');
    const items = requests()
      .filter((row) => row.number < below)
      .slice(0, limit);
    const last = items.at(-1)?.number ?? 1;
    return { items, next_cursor: items.length === limit && last > 1 ? String(last) : null };
  });
}

const open = (at: string) => renderPage(<EgressPage />, { at });

beforeEach(() => {
  startFakeDaemon();
  // There is no layout here: a list is given a height, so that it has rows.
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(600);
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1200);
});

test('each request with where it went, how it ended and how much it was', async () => {
  fake(() => kAll);
  const { container } = open('/egress');
  // A tunnel is not looked into.
  expect(await screen.findByText('host4.example:443')).toBeTruthy();
  const grid = within(screen.getByRole('grid', { name: 'Requests, newest first' }));
  expect(grid.getByText('https://host1.example:443')).toBeTruthy();
  for (const state of ['open', 'denied', 'outcome unknown', 'succeeded'])
    expect(grid.getByText(state)).toBeTruthy();
  expect(grid.getAllByText('2.0 KiB')).toHaveLength(4);
  expect(screen.getByText('4 requests')).toBeTruthy();
  await expectAccessible(container);
});

test('the filters of the address count together, and can be cleared', async () => {
  fake(() => kAll);
  const { router } = open('/egress?session=ses_1&turn=trn_2&state=denied&q=LIST');
  expect(await screen.findByText('https://host3.example:443')).toBeTruthy();
  expect(screen.queryByText('host4.example:443')).toBeNull();
  expect(screen.getByText('1 of 4 looked through')).toBeTruthy();
  await userEvent.selectOptions(screen.getByLabelText('Outcome'), 'failed');
  expect(await screen.findByText('No request fits')).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: 'Clear filters (4)' }));
  expect(await screen.findByText('host4.example:443')).toBeTruthy();
  expect(router.state.location.search).toEqual({});
});

test('one of the turn that is narrowed to is taken away by itself', async () => {
  fake(() => kAll);
  const { router } = open('/egress?session=ses_1&turn=trn_2');
  await screen.findByText('https://host3.example:443');
  await userEvent.click(screen.getByRole('button', { name: 'Show all, not only those of trn_2' }));
  expect(await screen.findByText('https://host1.example:443')).toBeTruthy();
  expect(router.state.location.search).toEqual({ session: 'ses_1' });
});

test('what fits is looked for page by page, and further when a person says so', async () => {
  const many = Array.from({ length: 30 }, (_, index) => one(30 - index));
  fake(() => many, 2);
  open('/egress?q=host1.example');
  expect(await screen.findByText('0 of 20 looked through')).toBeTruthy();
  expect(screen.getByText('No request fits')).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: 'Look further' }));
  expect(await screen.findByText('https://host1.example:443')).toBeTruthy();
  expect(screen.getByText('1 of 30 looked through')).toBeTruthy();
});

test('a request leads to its turn, its session and its entries of the audit log', async () => {
  fake(() => kAll);
  const { container } = open('/egress?request=3');
  const details = within(await screen.findByRole('complementary', { name: 'Request details' }));
  expect(details.getByText('not on the list')).toBeTruthy();
  expect(details.getByText('never connected')).toBeTruthy();
  const href = (name: string) => details.getByRole('link', { name }).getAttribute('href');
  expect(href('trn_2')).toBe('/trace/trn_2');
  expect(href('ses_1')).toBe('/chat/ses_1?turn=trn_2');
  expect(href('Entries of the audit log')).toBe('/audit?turn=trn_2&action=egress.request');
  await expectAccessible(container);
});

test('one that the list does not hold yet is asked for by its number; one that is gone is said to be', async () => {
  const many = Array.from({ length: 500 }, (_, index) => one(500 - index));
  fake(() => many);
  const first = open('/egress?request=7');
  expect(await screen.findByRole('heading', { name: 'Request #7' })).toBeTruthy();
  expect(asked.some(({ query }) => query.get('cursor') === '8' && query.get('limit') === '1')).toBe(true);
  first.unmount();
  open('/egress?request=900');
  expect(await screen.findByText(/There is no request 900\./)).toBeTruthy();
});

test('what left since comes on top, and what was open ends in its place', async () => {
  const listeners: ((event: BusEvent) => void)[] = [];
  vi.spyOn(bus, 'on').mockImplementation((pattern, call) => {
    if (pattern === 'audit.head') listeners.push(call as (event: BusEvent) => void);
    return () => undefined;
  });
  let now = kAll;
  fake(() => now);
  open('/egress');
  await screen.findByText('host4.example:443');
  now = [one(5), one(4, { scheme: 'tunnel', state: 'failed' }), ...kAll.slice(1)];
  act(() => {
    for (const call of listeners) call({} as never);
  });
  expect(await screen.findByText('https://host5.example:443')).toBeTruthy();
  const grid = within(screen.getByRole('grid'));
  expect(grid.queryByText('open')).toBeNull();
  expect(grid.getByText('failed')).toBeTruthy();
  expect(grid.getAllByText(/example:443/)).toHaveLength(5);
});

test('a page that fails is said, and asked for again', async () => {
  answer('GET /api/v1/egress', problem(500, 'PRYX-1900', 'the store is broken'));
  open('/egress');
  expect(await screen.findByText('the store is broken')).toBeTruthy();
  fake(() => kAll);
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  await waitFor(() => expect(screen.queryByText('the store is broken')).toBeNull());
  expect(await screen.findByText('host4.example:443')).toBeTruthy();
});
