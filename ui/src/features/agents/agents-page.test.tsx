// SPDX-License-Identifier: MIT
import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test } from 'vitest';
import { answer, asked, expectAccessible, problem, renderPage, startFakeDaemon } from '../../../test/page';
import { AgentsPage } from './agents-page';

const kAgent = {
  id: 'reader',
  description: 'Reads',
  model: null,
  built_in: false,
  state: 'file',
  fallbacks: [],
  tools: ['fs.*'],
  skills: [],
  limits: {},
  problems: [],
};
const kView = {
  ...kAgent,
  system_prompt: '',
  path: '/c/agents/reader.yaml',
  text: 'description: Reads\n',
  hash: 'sha256:aa',
};

beforeEach(() => {
  startFakeDaemon();
  answer('GET /api/v1/agents', { items: [kAgent], next_cursor: null });
  answer('GET /api/v1/agents/{id}', kView);
});

test('an agent is changed with the hash of what was seen', async () => {
  const user = userEvent.setup();
  answer('PUT /api/v1/agents/{id}', kView);
  const { container } = renderPage(<AgentsPage />, { at: '/agents' });
  await user.click(await screen.findByRole('button', { name: /reader/ }));
  const file = await screen.findByLabelText('File');
  await user.type(file, 'x');
  await user.click(screen.getByRole('button', { name: 'Save agent' }));
  expect(asked.find((one) => one.method === 'PUT')?.body).toEqual({
    text: 'description: Reads\nx',
    hash: 'sha256:aa',
  });
  await expectAccessible(container);
});

test('a file that changed in between is not overwritten', async () => {
  answer('PUT /api/v1/agents/{id}', problem(409, 'PRYX-1006', 'the file changed since it was read'));
  renderPage(<AgentsPage />, { at: '/agents?agent=reader' });
  await screen.findByLabelText('File');
  await userEvent.click(screen.getByRole('button', { name: 'Save agent' }));
  expect(await screen.findByText('the file changed since it was read')).toBeTruthy();
});

test('what a file has wrong is named by its line', async () => {
  answer('GET /api/v1/agents/{id}', {
    ...kView,
    state: 'invalid',
    problems: [{ line: 2, key: 'tools', message: 'must be a list', warning: false }],
  });
  renderPage(<AgentsPage />, { at: '/agents?agent=reader' });
  expect(await screen.findByText('line 2: tools: must be a list')).toBeTruthy();
});

test('skills say what is missing, and an empty list says where they come from', async () => {
  answer('GET /api/v1/skills', {
    items: [
      {
        name: 'tea',
        description: 'Makes tea',
        source: 'user',
        state: 'missing',
        folder: '/s',
        hash: 'h',
        missing: ['program kettle'],
        problems: [],
      },
    ],
    next_cursor: null,
  });
  const { unmount } = renderPage(<AgentsPage />, { at: '/agents?tab=skills' });
  expect(await screen.findByText('program kettle')).toBeTruthy();
  unmount();
  answer('GET /api/v1/skills', { items: [], next_cursor: null });
  renderPage(<AgentsPage />, { at: '/agents?tab=skills' });
  expect(await screen.findByText('No skills')).toBeTruthy();
});

test('a failure is said where it happened', async () => {
  answer('GET /api/v1/agents', problem(500, 'PRYX-1012', 'no agents today'));
  renderPage(<AgentsPage />, { at: '/agents' });
  expect(await screen.findByText('no agents today')).toBeTruthy();
});
