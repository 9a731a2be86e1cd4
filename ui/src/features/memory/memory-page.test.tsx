// SPDX-License-Identifier: MIT
import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test } from 'vitest';
import { answer, asked, expectAccessible, problem, renderPage, startFakeDaemon } from '../../../test/page';
import { MemoryPage } from './memory-page';

const memory = (id: string, text: string) => ({
  id,
  type: 'longterm',
  text,
  labels: ['owner'],
  session_id: null,
  created_at: '2026-01-01T00:00:00Z',
});
const kList = {
  items: [memory('mem_1', 'The tide table is blue'), memory('mem_2', '<img src=x>')],
  next_cursor: null,
};

beforeEach(() => {
  startFakeDaemon();
  answer('GET /api/v1/memory', kList);
});

test('what is remembered is shown as text', async () => {
  const { container } = renderPage(<MemoryPage />, { at: '/memory' });
  expect(await screen.findByText('<img src=x>')).toBeTruthy();
  expect(container.querySelector('li img')).toBeNull();
  await expectAccessible(container);
});

test('nothing yet, and nothing that fits, are two things', async () => {
  answer('GET /api/v1/memory', { items: [], next_cursor: null });
  answer('POST /api/v1/memory/search', { items: [], next_cursor: null });
  const { unmount } = renderPage(<MemoryPage />, { at: '/memory' });
  expect(await screen.findByText('Nothing is remembered')).toBeTruthy();
  unmount();
  renderPage(<MemoryPage />, { at: '/memory?q=tide' });
  expect(await screen.findByText('Nothing fits')).toBeTruthy();
  expect(asked.at(-1)?.body).toMatchObject({ query: 'tide' });
});

test('a failure is said where it happened', async () => {
  answer('GET /api/v1/memory', problem(503, 'PRYX-1009', 'the store is busy'));
  renderPage(<MemoryPage />, { at: '/memory' });
  expect(await screen.findByText('the store is busy')).toBeTruthy();
});

test('something is added and something is forgotten', async () => {
  const user = userEvent.setup();
  answer('POST /api/v1/memory', memory('mem_3', 'x'));
  answer('DELETE /api/v1/memory/{id}', { status: 204, body: null });
  renderPage(<MemoryPage />, { at: '/memory' });
  await screen.findByText('The tide table is blue');
  await user.click(screen.getByRole('button', { name: 'Remember something' }));
  await user.type(screen.getByLabelText('What to remember'), 'x');
  await user.click(screen.getByRole('button', { name: 'Remember it' }));
  expect(asked.find((one) => one.path === '/api/v1/memory' && one.method === 'POST')?.body).toEqual({
    text: 'x',
    type: 'longterm',
  });
  const first = screen.getByText('The tide table is blue').closest('li');
  await user.click(within(first as HTMLElement).getByRole('button', { name: /^Forget: / }));
  await user.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Forget' }));
  expect(asked.some((one) => one.method === 'DELETE' && one.path.endsWith('mem_1'))).toBe(true);
});

test('Escape asks before it drops what was to be remembered', async () => {
  const user = userEvent.setup();
  renderPage(<MemoryPage />, { at: '/memory' });
  await user.click(await screen.findByRole('button', { name: 'Remember something' }));
  await user.type(screen.getByLabelText('What to remember'), 'x');
  await user.keyboard('{Escape}');
  expect(screen.getByText('What you wrote here is not saved.')).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Close without saving' }));
  expect(screen.queryByRole('dialog')).toBeNull();
});
