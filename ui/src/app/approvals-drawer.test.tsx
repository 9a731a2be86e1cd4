// SPDX-License-Identifier: MIT
import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import { answer, expectAccessible, problem, renderPage, startFakeDaemon } from '../../test/page';
import ApprovalsDrawer from './approvals-drawer';

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
