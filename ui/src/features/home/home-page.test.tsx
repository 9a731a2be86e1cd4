// SPDX-License-Identifier: MIT
import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test } from 'vitest';
import { answer, asked, expectAccessible, problem, renderPage, startFakeDaemon } from '../../../test/page';
import { HomePage } from './home-page';

const list = (...items: object[]) => ({ items, next_cursor: null });
const usd = (amount: string) => ({ amount, currency: 'USD' });
const soon = (ms: number) => new Date(Date.now() + ms).toISOString();
const turn = (id: string, state: string, more: object = {}) => ({
  id,
  session_id: `ses_${id}`,
  state,
  surface: 'web',
  model: 'openai/gpt-4o',
  answered_by: null,
  message_id: 'msg_1',
  usage: {},
  cost: usd('0.01'),
  unpriced_calls: 0,
  trace_id: '0'.repeat(32),
  denied_calls: 0,
  error: null,
  created_at: soon(-60_000),
  started_at: soon(-60_000),
  ended_at: null,
  steps: [],
  partial: [],
  ...more,
});
const kStatus = {
  version: '0.1.0',
  uptime_seconds: 60,
  default_model: 'starter/commands',
  turns: { running: 1, queued: 0, paused: false },
  approvals_pending: 0,
};

beforeEach(() => {
  startFakeDaemon();
  localStorage.clear();
  const turns: Record<string, object> = {
    trn_run: turn('trn_run', 'running', {
      steps: [{ kind: 'tool', state: 'started', tool: 'shell.exec', summary: 'make test' }],
    }),
    trn_bad: turn('trn_bad', 'failed', {
      error: { code: 'provider', detail: 'The provider refused.' },
      ended_at: soon(-1000),
    }),
    trn_odd: turn('trn_odd', 'needs_attention', {
      steps: [{ kind: 'tool', state: 'unknown', tool: 'http.request' }],
    }),
  };
  answer('GET /api/v1/turns/{id}', ({ path }: { path: string }) => turns[path.split('/').at(-1) ?? '']);
  answer('GET /api/v1/approvals', list());
  answer('GET /api/v1/turns', ({ query }: { query: URLSearchParams }) => {
    const states = query.get('state')?.split(',') ?? [];
    return list(
      ...Object.values(turns)
        .filter((one) => states.includes((one as { state: string }).state))
        .map((one) => ({ ...one, session_title: 'Nightly' })),
    );
  });
  answer('GET /api/v1/sessions/{id}', ({ path }: { path: string }) => ({
    id: path.split('/').at(-1),
    title: `About ${path.split('/').at(-1)}`,
  }));
  answer('GET /api/v1/sessions', list({ id: 'ses_1' }));
  answer('GET /api/v1/workspaces', list());
  answer('GET /api/v1/status', kStatus);
  answer('GET /api/v1/diagnostics', {
    status: 'ready',
    version: '0.1.0',
    components: [{ name: 'store', state: 'ok', required: true, detail: null, version: null }],
  });
  answer('GET /api/v1/budgets', list());
  answer('GET /api/v1/tokens', list({ id: 'tok_1', name: 'ci', scopes: [], expires_at: soon(86_400_000) }));
  answer('GET /api/v1/policy', { in_force: 'default', problems: [] });
  answer('GET /api/v1/costs', {
    ...list(),
    group_by: 'model',
    total: { calls: 3, cost: usd('1.25'), unpriced_calls: 1, estimated_calls: 0, usage: {} },
  });
});

test('what needs a person, what runs, what it cost, how the daemon is', async () => {
  const { container } = renderPage(<HomePage />);
  expect(await screen.findByText('The provider refused.')).toBeTruthy();
  expect(await screen.findByText('the outcome of http.request is unknown')).toBeTruthy();
  expect(await screen.findByText(/The token ci ends in/)).toBeTruthy();
  expect(await screen.findByText('runs make test')).toBeTruthy();
  expect(await screen.findByText('$1.25')).toBeTruthy();
  expect(await screen.findByText('ready')).toBeTruthy();
  expect(screen.queryByText('Nothing is set up yet')).toBeNull();
  await expectAccessible(container);
});

test('a running turn is stopped', async () => {
  answer('POST /api/v1/turns/{id}/cancel', turn('trn_run', 'cancelled'));
  renderPage(<HomePage />);
  await userEvent.click(await screen.findByRole('button', { name: 'Stop' }));
  await waitFor(() => expect(asked.some((one) => one.path === '/api/v1/turns/trn_run/cancel')).toBe(true));
});

test('a failure is put away, and stays so', async () => {
  const first = renderPage(<HomePage />);
  await userEvent.click(await screen.findByRole('button', { name: 'Dismiss The provider refused.' }));
  expect(screen.queryByText('The provider refused.')).toBeNull();
  first.unmount();
  renderPage(<HomePage />);
  await screen.findByText('runs make test');
  expect(screen.queryByText('The provider refused.')).toBeNull();
});

test('a fresh home leads to the setup', async () => {
  answer('GET /api/v1/sessions', list());
  answer('GET /api/v1/turns', list());
  answer('GET /api/v1/tokens', problem(403, 'PRYX-1403', 'not for this token'));
  answer('GET /api/v1/status', { ...kStatus, turns: { running: 0, queued: 0, paused: false } });
  renderPage(<HomePage />);
  expect((await screen.findByRole('link', { name: 'Set Pryx up' })).getAttribute('href')).toBe('/welcome');
  expect(await screen.findByText('Nothing runs.')).toBeTruthy();
  expect(await screen.findByText('Nothing needs you.')).toBeTruthy();
});

test('without the daemon each part says so', async () => {
  startFakeDaemon();
  renderPage(<HomePage />);
  await waitFor(() => expect(screen.getAllByText(/The daemon did not answer/).length).toBeGreaterThan(3));
});
