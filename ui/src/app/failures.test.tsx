// SPDX-License-Identifier: MIT
import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test } from 'vitest';
import { ApprovalCard } from '@/parts/approval-card';
import { dismissFailure, useFailures } from '@/ui/failures';
import { Toasts } from '@/ui/toast';
import { answer, asked, expectAccessible, problem, renderPage, startFakeDaemon } from '../../test/page';
import { Failures } from './failures';
import { globalActions } from './global-actions';
import { useAccess } from './session';

beforeEach(() => {
  startFakeDaemon();
  for (const { what } of useFailures.getState().failures) dismissFailure(what);
});

const signOut = () =>
  globalActions()
    .find((action) => action.id === 'app.signout')
    ?.run();

test('a sign-out that failed stands on the page, with another try', async () => {
  useAccess.setState({ state: 'in', why: '' });
  answer('POST /api/v1/logout', problem(500, 'PRYX-1500', 'the sessions are busy'));
  const { container } = renderPage(<Failures />);
  signOut();
  expect(await screen.findByText('the sessions are busy')).toBeTruthy();
  expect(screen.getByText('You are still signed in')).toBeTruthy();
  expect(useAccess.getState().state).toBe('in');
  await expectAccessible(container);
  answer('POST /api/v1/logout', { status: 204, body: null });
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  await waitFor(() => expect(useAccess.getState().state).toBe('out'));
  expect(screen.queryByText('the sessions are busy')).toBeNull();
});

test('an undo that failed stands on the page when its toast and its card are gone', async () => {
  const approval = {
    id: 'apr_1',
    session_id: 'ses_1',
    turn_id: 'trn_1',
    step_id: 'stp_1',
    tool: 'http.request',
    arguments: { url: 'https://example.org/' },
    rendering: 'http.request GET https://example.org/',
    preview: null,
    shown_whole: true,
    confirm_code: null,
    call_hash: 'sha256:cd',
    bound: { facts: { hosts: ['example.org'] } },
    reason: 'no rule',
    risk: 'medium',
    labels: ['owner'],
    changes: [],
    replaces: null,
    plan_id: null,
    rule_suggestion: 'http.request(host: "example.org")',
    state: 'pending',
    created_at: '2026-09-21T14:13:20.000Z',
    expires_at: new Date(Date.now() + 240_000).toISOString(),
    resolved_at: null,
    resolved_by: null,
    scope: null,
    answer_reason: null,
    launch_by: null,
    used_at: null,
  };
  answer('GET /api/v1/sessions/{id}', { id: 'ses_1', title: 'Look it up', agent: 'default' });
  answer('POST /api/v1/approvals/{id}', { ...approval, state: 'approved', scope: 'session' });
  answer('GET /api/v1/grants', problem(500, 'PRYX-1500', 'the grants are closed'));
  renderPage(
    <>
      <Failures />
      <ApprovalCard approval={approval as never} autoFocus />
      <Toasts />
    </>,
  );
  const allow = await screen.findByRole('button', { name: /Allow once/ });
  await waitFor(() => expect(allow).toHaveProperty('disabled', false));
  await userEvent.keyboard('s');
  await userEvent.click(await screen.findByRole('button', { name: 'Undo' }));
  expect(await screen.findByText('the grants are closed')).toBeTruthy();
  expect(screen.getByText(/^Not undone: /).textContent).toContain('http.request(host: "example.org")');
  answer('GET /api/v1/grants', { items: [{ id: 'grt_1', approval_id: 'apr_1' }], next_cursor: null });
  answer('DELETE /api/v1/grants/{id}', { status: 204, body: null });
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  await waitFor(() => expect(asked.some((one) => one.method === 'DELETE')).toBe(true));
  await waitFor(() => expect(screen.queryByText('the grants are closed')).toBeNull());
});
