// SPDX-License-Identifier: MIT
import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test } from 'vitest';
import { useActionRegistry } from '@/actions/actions';
import { answer, asked, expectAccessible, problem, renderPage, startFakeDaemon } from '../../../test/page';
import { ApprovalsPage } from './approvals-page';

const one = (id: string, more: object = {}) => ({
  id,
  session_id: 'ses_1',
  turn_id: 'trn_1',
  step_id: 'stp_1',
  tool: 'fs.write',
  arguments: { path: `${id}.txt`, content: 'x' },
  rendering: `fs.write ${id}.txt`,
  preview: null,
  shown_whole: true,
  confirm_code: null,
  call_hash: 'sha256:1',
  bound: {},
  reason: 'no rule matches fs.write',
  risk: 'medium',
  labels: ['owner'],
  changes: [],
  replaces: null,
  plan_id: null,
  rule_suggestion: `fs.write(path: "${id}.txt")`,
  state: 'pending',
  created_at: '2026-01-01T00:00:00Z',
  expires_at: new Date(Date.now() + 300_000).toISOString(),
  resolved_at: null,
  resolved_by: null,
  scope: null,
  answer_reason: null,
  launch_by: null,
  used_at: null,
  ...more,
});
type Lists = Record<string, object[]>;

function fake(lists: Lists): void {
  answer('GET /api/v1/approvals', ({ query }: { query: URLSearchParams }) => ({
    items:
      query.get('state') === 'decided'
        ? [...(lists.denied ?? []), ...(lists.approved ?? [])]
        : (lists[query.get('state') ?? ''] ?? []),
    next_cursor: null,
  }));
}

const kDecided: Lists = {
  approved: [
    one('yes', {
      state: 'approved',
      scope: 'session',
      resolved_at: '2026-01-02T00:00:00Z',
      resolved_by: 'web',
    }),
  ],
  denied: [one('no', { state: 'denied', resolved_at: '2026-01-03T00:00:00Z', answer_reason: 'not there' })],
};

beforeEach(() => {
  startFakeDaemon();
  answer('GET /api/v1/sessions/{id}', { id: 'ses_1', title: 'Deploy', agent: 'default' });
  answer('POST /api/v1/policy/test', problem(404, 'PRYX-1003', 'no such tool'));
});

test('what waits is shown oldest first, and Deny of the first has the focus', async () => {
  fake({ pending: [one('second'), one('first')] });
  const { container } = renderPage(<ApprovalsPage />, { at: '/approvals' });
  const denies = await screen.findAllByRole('button', { name: /^Deny/ });
  expect(document.activeElement).toBe(denies[0]);
  expect(container.textContent?.indexOf('first.txt')).toBeLessThan(
    container.textContent?.indexOf('second.txt') ?? -1,
  );
  expect(asked.some((call) => call.query.get('state') === 'pending')).toBe(true);
  await expectAccessible(container);
});

test('the card that the address names has the focus', async () => {
  fake({ pending: [one('b'), one('a')] });
  renderPage(<ApprovalsPage />, { at: '/approvals?open=b' });
  await screen.findAllByText(/a\.txt/);
  expect(document.querySelector('[data-approval=b]')?.contains(document.activeElement)).toBe(true);
});

test('j and k walk from card to card', async () => {
  fake({ pending: [one('b'), one('a')] });
  renderPage(<ApprovalsPage />, { at: '/approvals' });
  await screen.findAllByText(/a\.txt/);
  const cards = [...document.querySelectorAll('[data-card]')];
  useActionRegistry.getState().actions.get('approvals.next')?.run();
  expect(cards[1]?.contains(document.activeElement)).toBe(true);
  expect(document.activeElement?.textContent).toMatch(/^Deny/);
  useActionRegistry.getState().actions.get('approvals.previous')?.run();
  expect(cards[0]?.contains(document.activeElement)).toBe(true);
});

test('nothing waits', async () => {
  fake({});
  renderPage(<ApprovalsPage />, { at: '/approvals' });
  expect(await screen.findByText('Nothing waits for you')).toBeTruthy();
});

test('a problem is said with its code, and no answer as such', async () => {
  answer('GET /api/v1/approvals', problem(500, 'PRYX-1500', 'The store is busy.'));
  const { unmount } = renderPage(<ApprovalsPage />, { at: '/approvals' });
  expect(await screen.findByText('The store is busy.')).toBeTruthy();
  unmount();
  startFakeDaemon();
  renderPage(<ApprovalsPage />, { at: '/approvals?tab=decided' });
  expect((await screen.findAllByText(/The daemon did not answer/)).length).toBeGreaterThan(0);
});

test('decided: newest first, filtered by the address, with a way back', async () => {
  fake(kDecided);
  const { container, router } = renderPage(<ApprovalsPage />, {
    at: '/approvals?tab=decided&outcome=denied&q=zzz',
  });
  expect(await screen.findByText('No decision fits')).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: 'Clear filters (2)' }));
  expect(router.state.location.search).toEqual({ tab: 'decided' });
  expect(await screen.findByRole('grid', { name: 'Decided' })).toBeTruthy();
  await expectAccessible(container);
});

test('the words are edited where the caret is', async () => {
  fake(kDecided);
  renderPage(<ApprovalsPage />, { at: '/approvals?tab=decided&q=write' });
  const field = (await screen.findByLabelText('Filter by call, tool or reason')) as HTMLInputElement;
  await userEvent.type(field, 'fs.', { initialSelectionStart: 0, initialSelectionEnd: 0 });
  expect(field.value).toBe('fs.write');
});

test('words are looked for page by page', async () => {
  answer('GET /api/v1/approvals', ({ query }: { query: URLSearchParams }) => ({
    items: query.get('state') === 'pending' ? [] : query.get('cursor') ? [one('needle')] : kDecided.denied,
    next_cursor: query.get('state') === 'pending' || query.get('cursor') ? null : 'c2',
  }));
  renderPage(<ApprovalsPage />, { at: '/approvals?tab=decided&q=needle' });
  expect(await screen.findByText('1 of 2 looked through')).toBeTruthy();
});

test('an open row restores from the address', async () => {
  fake(kDecided);
  renderPage(<ApprovalsPage />, { at: '/approvals?tab=decided&open=no' });
  expect(await screen.findByText(/not there/)).toBeTruthy();
});
