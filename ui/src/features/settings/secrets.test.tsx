// SPDX-License-Identifier: MIT
import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test } from 'vitest';
import {
  type Asked,
  answer,
  asked,
  expectAccessible,
  problem,
  renderPage,
  startFakeDaemon,
} from '../../../test/page';
import { SettingsPage } from './settings-page';

const kImport = 'Import from a .env file';
const kPassphrase = 'correct horse battery';

// A vault that is open, whose passphrase can be set, changed and removed.
function fakeVault(passphrase: string | null) {
  let now = passphrase;
  const state = () => ({ has_passphrase: now !== null, locked: false, retry_after_ms: null });
  answer('GET /api/v1/vault', state);
  answer('PUT /api/v1/vault/passphrase', ({ body }: Asked) => {
    const { passphrase: next, current } = body as { passphrase: string | null; current?: string };
    if (now !== null && current !== now) return problem(403, 'PRYX-1403', 'the passphrase is wrong');
    now = next;
    return state();
  });
}

const sent = () => asked.filter((one) => one.method === 'PUT').map((one) => one.body);
const open = () => renderPage(<SettingsPage />, { at: '/settings?tab=secrets' });
const button = (name: string) => screen.findByRole('button', { name });

beforeEach(() => {
  startFakeDaemon();
  answer('GET /api/v1/secrets', { items: [], next_cursor: null });
});

test('a passphrase is set when it was written twice alike', async () => {
  const user = userEvent.setup();
  fakeVault(null);
  open();
  await user.click(await button('Set a passphrase'));
  const dialog = within(await screen.findByRole('dialog', { name: 'Set a passphrase' }));
  expect(dialog.queryByLabelText('Present passphrase')).toBeNull();
  const save = dialog.getByRole('button', { name: 'Set passphrase' }) as HTMLButtonElement;
  await user.type(dialog.getByLabelText('New passphrase'), kPassphrase);
  await user.type(dialog.getByLabelText('New passphrase, once more'), 'correct');
  expect(dialog.getByText('The two are not the same.')).toBeTruthy();
  expect(save.disabled).toBe(true);
  await user.type(dialog.getByLabelText('New passphrase, once more'), kPassphrase.slice('correct'.length));
  await expectAccessible(screen.getByRole('dialog'));
  await user.click(save);
  expect(await button('Lock the vault')).toBeTruthy();
  expect(screen.queryByRole('dialog')).toBeNull();
  expect(sent()).toEqual([{ passphrase: kPassphrase }]);
});

test('a change needs the present one; a wrong one is said, and what was written stays', async () => {
  const user = userEvent.setup();
  fakeVault('the old words here');
  const { container } = open();
  const change = await button('Change passphrase');
  await expectAccessible(container);
  await user.click(change);
  const dialog = within(await screen.findByRole('dialog', { name: 'Change passphrase' }));
  const current = dialog.getByLabelText('Present passphrase');
  await user.type(dialog.getByLabelText('New passphrase'), kPassphrase);
  await user.type(dialog.getByLabelText('New passphrase, once more'), kPassphrase);
  const save = dialog.getByRole('button', { name: 'Save passphrase' }) as HTMLButtonElement;
  expect(save.disabled).toBe(true);
  await user.type(current, 'wrong');
  await user.click(save);
  expect(await dialog.findByText('the passphrase is wrong')).toBeTruthy();
  expect((dialog.getByLabelText('New passphrase') as HTMLInputElement).value).toBe(kPassphrase);
  await user.clear(current);
  await user.type(current, 'the old words here');
  await user.click(save);
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(sent().at(-1)).toEqual({ passphrase: kPassphrase, current: 'the old words here' });
});

test('it is removed with the present one, and can be set again', async () => {
  const user = userEvent.setup();
  fakeVault(kPassphrase);
  open();
  await user.click(await button('Remove passphrase'));
  const dialog = within(await screen.findByRole('dialog', { name: 'Remove passphrase' }));
  expect(dialog.queryByLabelText('New passphrase')).toBeNull();
  await user.type(dialog.getByLabelText('Present passphrase'), kPassphrase);
  await user.click(dialog.getByRole('button', { name: 'Remove it' }));
  expect(await button('Set a passphrase')).toBeTruthy();
  expect(sent()).toEqual([{ passphrase: null, current: kPassphrase }]);
});

test('a locked vault asks for its passphrase and offers nothing else', async () => {
  answer('GET /api/v1/vault', { has_passphrase: true, locked: true, retry_after_ms: null });
  open();
  expect(await button('Unlock the vault')).toBeTruthy();
  for (const name of ['Lock the vault', 'Change passphrase', 'Remove passphrase', 'Set a passphrase'])
    expect(screen.queryByRole('button', { name })).toBeNull();
});

test('a vault that cannot be read is said, and asked for again', async () => {
  answer('GET /api/v1/vault', problem(500, 'PRYX-1900', 'the store is broken'));
  open();
  expect(await screen.findByText('Whether the vault is locked could not be read')).toBeTruthy();
  fakeVault(null);
  await userEvent.click(await button('Try again'));
  expect(await button('Set a passphrase')).toBeTruthy();
});

test('keys of a .env file are named first, then stored, and what is there keeps its hosts', async () => {
  const user = userEvent.setup();
  const kSecret = { name: 'GH_TOKEN', updated_at: '2026-01-01T00:00:00Z', hosts: ['api.github.com'] };
  fakeVault(null);
  answer('GET /api/v1/secrets', { items: [kSecret], next_cursor: null });
  answer('PUT /api/v1/secrets/{name}', kSecret);
  open();
  await screen.findByText('api.github.com');
  await user.click(await button(kImport));
  const dialog = within(await screen.findByRole('dialog', { name: kImport }));
  const field = dialog.getByRole('textbox', { name: kImport });
  await user.click(field);
  expect(dialog.getByText('No key is in this text yet.')).toBeTruthy();
  await user.paste('PORT=1\nMAIL_KEY="a b"\nexport GH_TOKEN=t # mine');
  const rows = within(dialog.getByRole('list', { name: 'Would be stored' })).getAllByRole('listitem');
  expect(rows.map((row) => row.textContent)).toEqual(['MAIL_KEY', 'GH_TOKENreplaces the one in the vault']);
  await expectAccessible(screen.getByRole('dialog'));
  expect(sent()).toEqual([]);
  await user.click(dialog.getByRole('button', { name: 'Store 2 secrets and replace GH_TOKEN' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(asked.filter((one) => one.method === 'PUT').map(({ path, body }) => [path, body])).toEqual([
    ['/api/v1/secrets/MAIL_KEY', { value: 'a b' }],
    ['/api/v1/secrets/GH_TOKEN', { value: 't' }],
  ]);
});

test('when one is refused the text stays, and a slip does not drop it', async () => {
  const user = userEvent.setup();
  fakeVault(null);
  answer('PUT /api/v1/secrets/{name}', problem(423, 'PRYX-1423', 'the vault is locked'));
  open();
  await user.click(await button(kImport));
  const field = (await screen.findByRole('textbox', { name: kImport })) as HTMLTextAreaElement;
  await user.click(field);
  await user.paste('MAIL_KEY=a');
  await user.click(screen.getByRole('button', { name: 'Store 1 secret' }));
  expect(await screen.findByText('the vault is locked')).toBeTruthy();
  expect(screen.getByText('Not stored, or not all of it')).toBeTruthy();
  expect(field.value).toBe('MAIL_KEY=a');
  await user.keyboard('{Escape}');
  expect(screen.getByRole('dialog')).toBeTruthy();
  expect(field.value).toBe('MAIL_KEY=a');
});
