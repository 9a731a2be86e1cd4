// SPDX-License-Identifier: MIT
import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test } from 'vitest';
import { answer, asked, expectAccessible, problem, renderPage, startFakeDaemon } from '../../../test/page';
import { parseValue } from './general';
import { SettingsPage } from './settings-page';

const kSettings = {
  settings: { 'log.level': 'info', 'tools.max_steps': 50 },
  origins: { 'log.level': 'file', 'tools.max_steps': 'default' },
  sources: { 'log.level': 'line 3', 'tools.max_steps': 'default' },
};

beforeEach(() => {
  startFakeDaemon();
  answer('GET /api/v1/settings', kSettings);
});

test('what is typed keeps the kind of the value', () => {
  expect(parseValue('25', 50)).toBe(25);
  expect(parseValue('25', 'text')).toBe('25');
  expect(parseValue('[a', [])).toBe('[a');
});

test('a setting is changed, and where it comes from is said', async () => {
  const user = userEvent.setup();
  answer('PUT /api/v1/settings', {
    ...kSettings,
    settings: { ...kSettings.settings, 'tools.max_steps': 25 },
  });
  const { container } = renderPage(<SettingsPage />, { at: '/settings' });
  expect(await screen.findByText('file, line 3')).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Change tools.max_steps' }));
  const value = await screen.findByLabelText('Value');
  await user.clear(value);
  await user.type(value, '25');
  await user.click(screen.getByRole('button', { name: 'Save setting' }));
  expect(asked.find((one) => one.method === 'PUT')?.body).toEqual({ settings: { 'tools.max_steps': 25 } });
  await expectAccessible(container);
});

test('a value that is refused stays in the field', async () => {
  answer('PUT /api/v1/settings', problem(400, 'PRYX-1001', 'must be one of debug, info'));
  renderPage(<SettingsPage />, { at: '/settings?edit=log.level' });
  const value = (await screen.findByLabelText('Value')) as HTMLInputElement;
  await userEvent.click(screen.getByRole('button', { name: 'Save setting' }));
  expect(await screen.findByText('must be one of debug, info')).toBeTruthy();
  expect(value.value).toBe('info');
});

test('a filter that fits nothing can be cleared', async () => {
  renderPage(<SettingsPage />, { at: '/settings?q=zzz' });
  await userEvent.click(await screen.findByRole('button', { name: /Clear filters/ }));
  expect(await screen.findByText('log.level')).toBeTruthy();
});

test('a token is shown once', async () => {
  const user = userEvent.setup();
  const kToken = {
    id: 'tok_1',
    name: 'ci',
    scopes: ['read'],
    created_at: '2026-01-01T00:00:00Z',
    expires_at: null,
  };
  answer('GET /api/v1/tokens', { items: [], next_cursor: null });
  answer('POST /api/v1/tokens', { ...kToken, token: 'pryx_secret' });
  renderPage(<SettingsPage />, { at: '/settings?tab=tokens' });
  expect(await screen.findByText('No tokens')).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Create token' }));
  const dialog = await screen.findByRole('dialog');
  await user.type(within(dialog).getByLabelText('Name'), 'ci');
  await user.click(within(dialog).getByRole('button', { name: 'Create token' }));
  expect(await screen.findByText('pryx_secret')).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'I have copied it' }));
  expect(screen.queryByText('pryx_secret')).toBeNull();
});

test('the config file is reviewed, saved with its hash, and undone', async () => {
  const user = userEvent.setup();
  let text = 'log:\n  level: info\n';
  answer('GET /api/v1/config', () => ({
    path: '/c/config.yaml',
    exists: true,
    text,
    hash: `h${text.length}`,
  }));
  answer('PUT /api/v1/config', (one: { body: unknown }) => {
    text = (one.body as { text: string }).text;
    return { path: '/c/config.yaml', exists: true, text, hash: `h${text.length}` };
  });
  renderPage(<SettingsPage />, { at: '/settings?tab=file' });
  await user.type(await screen.findByLabelText('config.yaml'), '# more');
  await user.click(screen.getByRole('button', { name: 'Review changes' }));
  const dialog = await screen.findByRole('dialog');
  expect(dialog.textContent).toContain('# more');
  await user.click(within(dialog).getByRole('button', { name: 'Save file' }));
  expect(asked.find((one) => one.method === 'PUT')?.body).toMatchObject({ hash: 'h19' });
  await user.click(await screen.findByRole('button', { name: 'Undo the last save' }));
  await waitFor(() => expect(text).toBe('log:\n  level: info\n'));
});
