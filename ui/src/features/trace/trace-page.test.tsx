// SPDX-License-Identifier: MIT
import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import { useActionRegistry } from '@/actions/actions';
import { answer, expectAccessible, problem, renderPage, startFakeDaemon } from '../../../test/page';
import { span } from './testing';
import { TracePage } from './trace-page';

vi.mock('@tanstack/react-router', async (original) => ({
  ...(await original<typeof import('@tanstack/react-router')>()),
  useParams: () => ({ turn: 'trn_1' }),
}));

const kUsage = {
  input_tokens: 1200,
  output_tokens: 80,
  cached_input_tokens: 0,
  cache_write_tokens: 0,
  reasoning_tokens: 0,
  estimated: false,
};

function trace(more: object = {}) {
  return {
    turn_id: 'trn_1',
    session_id: 'ses_1',
    trace_id: 'f'.repeat(32),
    state: 'completed',
    complete: true,
    spans: [
      span('a', { kind: 'turn', took: 4000, attributes: { 'gen_ai.agent.name': 'default' } }),
      span('m', {
        parent: 'a',
        kind: 'model',
        took: 1500,
        attributes: {
          'gen_ai.request.model': 'small',
          'gen_ai.usage.input_tokens': 1200,
          'gen_ai.usage.output_tokens': 80,
          'gen_ai.usage.reasoning.output_tokens': 20,
          'pryx.cost.nano_usd': 13_200_000,
        },
      }),
      span('t', {
        parent: 'a',
        from: 2000,
        took: 10,
        status: 'denied',
        attributes: { 'gen_ai.tool.name': 'net.fetch', 'pryx.policy.rule': 'rules[1] deny net.*' },
      }),
    ],
    total: {
      calls: 1,
      usage: kUsage,
      cost: { amount: '0.0132', currency: 'USD' },
      unpriced_calls: 0,
      estimated_calls: 0,
    },
    ...more,
  };
}

const kRoute = 'GET /api/v1/traces/{turn}';
const press = (id: string) => useActionRegistry.getState().actions.get(`trace.${id}`)?.run();

beforeEach(startFakeDaemon);

test('says in a sentence what happened, and shows rows with tokens and cost', async () => {
  answer(kRoute, trace());
  const { container } = renderPage(<TracePage />, { at: '/trace/trn_1' });
  expect(
    await screen.findByText(/Turn completed after 4 s: 1 model call, 1 tool call, 1 failed/),
  ).toBeTruthy();
  const grid = screen.getByRole('treegrid');
  expect(within(grid).getAllByRole('row')).toHaveLength(4);
  expect(within(grid).getByText('net.fetch')).toBeTruthy();
  expect(screen.getByText('$0.0132')).toBeTruthy();
  await expectAccessible(container);
});

test('the keys move, show details and fold; the selection is in the address', async () => {
  answer(kRoute, trace());
  const { router } = renderPage(<TracePage />, { at: '/trace/trn_1' });
  await screen.findByRole('treegrid');
  press('failed');
  expect(await screen.findByRole('link', { name: 'rules[1] deny net.*' })).toBeTruthy();
  await vi.waitFor(() => expect(router.state.location.search).toMatchObject({ span: 't' }));
  press('previous');
  expect(await screen.findByText('Reasoning')).toBeTruthy();
  press('collapse');
  await vi.waitFor(() => expect(screen.getByRole('row', { selected: true }).id).toBe('span-a'));
  press('collapse');
  await vi.waitFor(() => expect(screen.getAllByRole('row')).toHaveLength(2));
  press('details');
  await vi.waitFor(() => expect(screen.queryByText('All attributes')).toBeNull());
});

test('what the menu offers is in the palette too, with its key', async () => {
  const user = userEvent.setup();
  answer(kRoute, trace());
  renderPage(<TracePage />, { at: '/trace/trn_1' });
  await user.click(await screen.findByRole('button', { name: 'More' }));
  const items = within(await screen.findByRole('menu')).getAllByRole('menuitem');
  expect(items.map((one) => one.textContent)).toEqual([
    'Copy trace id',
    'Copy link to this viewC then L',
    'Export JSON',
    'Shorten or show waitsZ',
    'Fold or unfold everythingShift E',
  ]);
  const known = [...useActionRegistry.getState().actions.values()].map((one) => one.label);
  for (const label of ['Copy trace id', 'Export JSON', 'Shorten or show waits', 'Fold or unfold everything'])
    expect(known).toContain(label);
  const copied = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
  await user.click(items[0] as HTMLElement);
  await vi.waitFor(() => expect(copied).toHaveBeenCalledWith('f'.repeat(32)));
});

test('the same as a table', async () => {
  // There is no layout here: the list is given a height, so that it has rows.
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(600);
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1200);
  answer(kRoute, trace());
  renderPage(<TracePage />, { at: '/trace/trn_1?view=table' });
  const grid = await screen.findByRole('grid', { name: 'Spans of the trace' });
  expect(grid.getAttribute('aria-rowcount')).toBe('4');
  expect(within(grid).getAllByRole('row')).toHaveLength(4);
});

test('searching dims what does not fit and counts what does', async () => {
  answer(kRoute, trace());
  renderPage(<TracePage />, { at: '/trace/trn_1' });
  await userEvent.type(await screen.findByLabelText('Find spans'), 'deny net');
  expect(await screen.findByText('1 span fits')).toBeTruthy();
});

test('a turn without spans says why', async () => {
  answer(kRoute, trace({ spans: [], state: 'queued', complete: false }));
  renderPage(<TracePage />, { at: '/trace/trn_1' });
  expect(await screen.findByText('This turn has no spans yet')).toBeTruthy();
});

test('a turn that does not exist is an error with its code', async () => {
  answer(kRoute, problem(404, 'PRYX-0404', 'There is no turn trn_1.'));
  renderPage(<TracePage />, { at: '/trace/trn_1' });
  expect(await screen.findByText('There is no turn trn_1.')).toBeTruthy();
  expect(screen.getByText('PRYX-0404')).toBeTruthy();
});

test('a daemon that is away is said so', async () => {
  renderPage(<TracePage />, { at: '/trace/trn_1' });
  expect(await screen.findByRole('alert')).toBeTruthy();
});
