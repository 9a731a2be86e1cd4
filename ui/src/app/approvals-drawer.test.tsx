// SPDX-License-Identifier: MIT
import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import { answer, expectAccessible, problem, renderPage, startFakeDaemon } from '../../test/page';
import ApprovalsDrawer from './approvals-drawer';

const kWhen = '2026-09-21T14:13:20.000Z';
const waiting = {
  id: 'apr_1',
  session_id: 'ses_1',
  turn_id: 'trn_1',
  step_id: 'stp_1',
  tool: 'shell.exec',
  arguments: { command: 'make' },
  rendering: 'shell.exec make',
  preview: null,
  shown_whole: true,
  confirm_code: null,
  call_hash: 'sha256:cd',
  bound: {},
  reason: 'no rule matches shell.exec',
  risk: 'medium',
  labels: ['owner'],
  changes: [],
  replaces: null,
  plan_id: null,
  rule_suggestion: 'shell.exec(command: "make")',
  state: 'pending',
  created_at: kWhen,
  expires_at: new Date(Date.now() + 240_000).toISOString(),
  resolved_at: null,
  resolved_by: null,
  scope: null,
  answer_reason: null,
  launch_by: null,
  used_at: null,
};

beforeEach(startFakeDaemon);

test('nothing waits, and Escape closes', async () => {
  answer('GET /api/v1/approvals', { items: [], next_cursor: null });
  const onClose = vi.fn();
  renderPage(<ApprovalsDrawer onClose={onClose} />);
  expect(await screen.findByText('Nothing waits for you')).toBeTruthy();
  await expectAccessible(screen.getByRole('dialog'));
  await userEvent.keyboard('{Escape}');
  expect(onClose).toHaveBeenCalled();
});

test('a problem is said in its place', async () => {
  answer('GET /api/v1/approvals', problem(500, 'PRYX-1500', 'The store is busy.'));
  renderPage(<ApprovalsDrawer onClose={() => {}} />);
  expect(await screen.findByText('The store is busy.')).toBeTruthy();
});

test('Escape closes what is open on the card first, then the drawer', async () => {
  answer('GET /api/v1/approvals', { items: [waiting], next_cursor: null });
  answer('GET /api/v1/sessions/{id}', { id: 'ses_1', title: 'Build', agent: 'default' });
  answer('POST /api/v1/policy/test', problem(404, 'PRYX-1404', 'not there'));
  const onClose = vi.fn();
  renderPage(<ApprovalsDrawer onClose={onClose} />);
  await userEvent.click(await screen.findByRole('button', { name: /^Deny, because/ }));
  await userEvent.type(screen.getByRole('textbox', { name: /Reason/ }), 'use staging');
  await userEvent.keyboard('{Escape}');
  expect(onClose).not.toHaveBeenCalled();
  expect(screen.queryByRole('textbox')).toBeNull();
  expect(document.activeElement).toBe(screen.getByRole('button', { name: /^Deny$/ }));
  await userEvent.keyboard('{Escape}');
  expect(onClose).toHaveBeenCalledOnce();
});
