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
import { OnboardingPage } from './onboarding-page';

const kWorkspace = {
  id: 'wsp_1',
  path: '/home/me/project',
  name: 'project',
  private: false,
  created_at: '2026-01-01T00:00:00Z',
};

beforeEach(() => {
  startFakeDaemon();
  sessionStorage.clear();
  answer('GET /api/v1/secrets', { items: [], next_cursor: null });
  answer('GET /api/v1/providers', { items: [], next_cursor: null });
  answer('GET /api/v1/workspaces', { items: [kWorkspace], next_cursor: null });
  answer('GET /api/v1/providers/local', { items: [], next_cursor: null, ports: [11434], memory: null });
  answer('GET /api/v1/providers/presets', {
    items: [
      { name: 'cloud', kind: 'openai', base_url: 'https://example.test', needs_key: true, about: 'Cloud' },
    ],
    next_cursor: null,
  });
  answer('GET /api/v1/models', {
    items: [{ id: 'cloud/big', provider: 'cloud', default: false }],
    next_cursor: null,
  });
  answer('GET /api/v1/status', { default_model: 'starter/commands' });
  answer('PUT /api/v1/settings', { settings: {}, origins: {}, sources: {} });
});

test('a folder becomes the workspace, and the address keeps it', async () => {
  const user = userEvent.setup();
  answer('POST /api/v1/workspaces', kWorkspace);
  const { router, container } = renderPage(<OnboardingPage />, { at: '/welcome', path: '/welcome' });
  await user.type(await screen.findByLabelText('Folder'), '/home/me/project{Enter}');
  await waitFor(() =>
    expect(router.state.location.search).toMatchObject({ step: 'model', workspace: 'wsp_1' }),
  );
  await expectAccessible(container);
});

test('a folder that cannot be used says why and stays in the field', async () => {
  answer('POST /api/v1/workspaces', problem(400, 'PRYX-1001', 'there is no such folder'));
  renderPage(<OnboardingPage />, { at: '/welcome', path: '/welcome' });
  await userEvent.type(await screen.findByLabelText('Folder'), '/nowhere{Enter}');
  expect(await screen.findByText('there is no such folder')).toBeTruthy();
  expect((screen.getByLabelText('Folder') as HTMLInputElement).value).toBe('/nowhere');
});

test('the starter model works without anything else', async () => {
  const { router } = renderPage(<OnboardingPage />, { at: '/welcome?step=model', path: '/welcome' });
  await userEvent.click(await screen.findByRole('button', { name: 'Use the starter model' }));
  await waitFor(() => expect(router.state.location.search).toMatchObject({ step: 'task' }));
  expect(asked.find((one) => one.method === 'PUT')?.body).toEqual({
    settings: { 'model.default': 'starter/commands' },
  });
});

const kFound = {
  server: 'vllm',
  kind: 'openai',
  name: 'vllm-2',
  base_url: 'http://127.0.0.1:8000/v1',
  version: '0.11.0',
  provider: null as string | null,
  models: [
    {
      id: 'qwen',
      size_bytes: null,
      context_tokens: 40_960,
      quantization: null,
      parameters: null,
      loaded: true,
      elsewhere: false,
      fit: 'unknown',
    },
  ],
};
const found = (more: Partial<typeof kFound>) =>
  answer('GET /api/v1/providers/local', {
    items: [{ ...kFound, ...more }],
    next_cursor: null,
    ports: [8000],
    memory: null,
  });

test('a found server is used under the name that the daemon suggests for it', async () => {
  found({});
  answer('PUT /api/v1/providers/{id}', {});
  const { router } = renderPage(<OnboardingPage />, { at: '/welcome?step=model', path: '/welcome' });
  await userEvent.click(await screen.findByRole('button', { name: 'Use qwen' }));
  await waitFor(() => expect(router.state.location.search).toMatchObject({ step: 'task' }));
  const puts = asked.filter((one) => one.method === 'PUT').map((one) => [one.path, one.body]);
  expect(puts).toEqual([
    ['/api/v1/providers/vllm-2', { kind: 'openai', base_url: kFound.base_url, no_key: true }],
    ['/api/v1/settings', { settings: { 'model.default': 'vllm-2/qwen' } }],
  ]);
});

test('a found server that a provider speaks to already is used as that one, which is not written', async () => {
  found({ provider: 'mine' });
  const { router } = renderPage(<OnboardingPage />, { at: '/welcome?step=model', path: '/welcome' });
  await userEvent.click(await screen.findByRole('button', { name: 'Use qwen' }));
  await waitFor(() => expect(router.state.location.search).toMatchObject({ step: 'task' }));
  const puts = asked.filter((one) => one.method === 'PUT').map((one) => [one.path, one.body]);
  expect(puts).toEqual([['/api/v1/settings', { settings: { 'model.default': 'mine/qwen' } }]]);
});

test('a cloud key is tried before its models are offered', async () => {
  const user = userEvent.setup();
  answer('PUT /api/v1/providers/cloud', {});
  answer('POST /api/v1/providers/cloud/test', problem(502, 'PRYX-1012', 'the key is refused'));
  renderPage(<OnboardingPage />, { at: '/welcome?step=model', path: '/welcome' });
  await user.type(await screen.findByLabelText('API key'), 'sk-1');
  await user.click(screen.getByRole('button', { name: 'Add provider' }));
  expect(await screen.findByText('the key is refused')).toBeTruthy();
  answer('POST /api/v1/providers/cloud/test', { ok: true, provider: 'cloud', models: 1 });
  await user.click(screen.getByRole('button', { name: 'Add provider' }));
  await user.click(await screen.findByRole('button', { name: 'Use this model' }));
  await waitFor(() =>
    expect(asked.some((one) => JSON.stringify(one.body)?.includes('cloud/big'))).toBe(true),
  );
});

test('of what a vendor lists, the model to take first is chosen', async () => {
  const user = userEvent.setup();
  answer('PUT /api/v1/providers/cloud', {});
  answer('POST /api/v1/providers/cloud/test', { ok: true, provider: 'cloud', models: 2 });
  answer('GET /api/v1/models', ({ query }: Asked) => {
    const names = ['cloud/ancient', 'cloud/newest'];
    if (query.get('provider') === 'cloud' && query.get('sort') === 'suggested') names.reverse();
    return { items: names.map((id) => ({ id, provider: 'cloud', default: false })), next_cursor: null };
  });
  renderPage(<OnboardingPage />, { at: '/welcome?step=model', path: '/welcome' });
  await user.type(await screen.findByLabelText('API key'), 'sk-1');
  await user.click(screen.getByRole('button', { name: 'Add provider' }));
  const choice = await screen.findByRole('combobox', { name: 'Model' });
  await waitFor(() => expect((choice as HTMLSelectElement).value).toBe('cloud/newest'));
});

test('providers that cannot be read are said so, and can be asked for again', async () => {
  answer('GET /api/v1/providers/presets', problem(500, 'PRYX-1900', 'the store is broken'));
  renderPage(<OnboardingPage />, { at: '/welcome?step=model', path: '/welcome' });
  expect(await screen.findByText('the store is broken')).toBeTruthy();
  expect(screen.queryByLabelText('API key')).toBeNull();
  answer('GET /api/v1/providers/presets', {
    items: [
      { name: 'cloud', kind: 'openai', base_url: 'https://example.test', needs_key: true, about: 'Cloud' },
    ],
    next_cursor: null,
  });
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findByLabelText('API key')).toBeTruthy();
});

test('keys of a .env file are named before they are stored', async () => {
  const user = userEvent.setup();
  answer('PUT /api/v1/secrets/{name}', {});
  renderPage(<OnboardingPage />, { at: '/welcome?step=model', path: '/welcome' });
  await user.click(await screen.findByText('Keys from a .env file', { selector: 'summary' }));
  await user.click(screen.getByRole('textbox', { name: 'Keys from a .env file' }));
  await user.paste('A=1\nMY_KEY=secret');
  expect(screen.getByRole('list', { name: 'Would be stored' }).textContent).toContain('MY_KEY');
  await user.click(screen.getByRole('button', { name: 'Store 1 secret' }));
  expect(await screen.findByText('Stored: MY_KEY')).toBeTruthy();
  expect(document.body.textContent).not.toContain('MY_KEY=secret');
});

test('keys of a .env file that are in the vault already are named as replaced', async () => {
  const user = userEvent.setup();
  answer('GET /api/v1/secrets', {
    items: [{ name: 'MY_KEY', updated_at: '2026-01-01T00:00:00Z', hosts: [] }],
    next_cursor: null,
  });
  renderPage(<OnboardingPage />, { at: '/welcome?step=model', path: '/welcome' });
  await user.click(await screen.findByText('Keys from a .env file', { selector: 'summary' }));
  await user.click(screen.getByRole('textbox', { name: 'Keys from a .env file' }));
  await user.paste('MY_KEY=secret\nOTHER_KEY=secret');
  const rows = within(screen.getByRole('list', { name: 'Would be stored' })).getAllByRole('listitem');
  expect(rows.map((row) => row.textContent?.includes('replaces the one in the vault'))).toEqual([
    true,
    false,
  ]);
  expect(screen.getByRole('button', { name: 'Store 2 secrets and replace MY_KEY' })).toBeTruthy();
});

test('after a .env file the providers of its keys are set up by reference, and the rest says what it is for', async () => {
  const user = userEvent.setup();
  const stored: string[] = [];
  answer('GET /api/v1/providers/presets', {
    items: [
      { name: 'openai', kind: 'openai', base_url: 'https://a.test', needs_key: true, about: 'OpenAI' },
      { name: 'google', kind: 'google', base_url: 'https://b.test', needs_key: true, about: 'Gemini' },
    ],
    next_cursor: null,
  });
  answer('PUT /api/v1/secrets/{name}', (one: { path: string }) => {
    stored.push(one.path.split('/').at(-1) ?? '');
    return {};
  });
  answer('GET /api/v1/secrets', () => ({
    items: stored.map((name) => ({ name, updated_at: '2026-01-01T00:00:00Z', hosts: [] })),
    next_cursor: null,
  }));
  answer('PUT /api/v1/providers/openai', {});
  answer('POST /api/v1/providers/openai/test', { ok: true, provider: 'openai', models: 3 });
  const { container } = renderPage(<OnboardingPage />, { at: '/welcome?step=model', path: '/welcome' });
  await user.click((await screen.findAllByText('Keys from a .env file'))[0] as Element);
  await user.click(screen.getByLabelText('Keys from a .env file'));
  await user.paste('OPENAI_API_KEY=sk-1\nGEMINI_API_KEY=g\nDB_PASSWORD=p');
  expect(screen.getByText('for Gemini')).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Store 3 secrets' }));
  expect(await screen.findByText(/DB_PASSWORD is kept as a secret/)).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Set up Gemini' })).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Set up OpenAI' }));
  expect(await screen.findByText(/openai answers with 3 models/)).toBeTruthy();
  expect(asked.find((one) => one.path === '/api/v1/providers/openai')?.body).toEqual({
    key_ref: 'keychain:OPENAI_API_KEY',
  });
  await expectAccessible(container);
});

test('set-up that was left is taken up at its step, with what was typed', async () => {
  const user = userEvent.setup();
  const first = renderPage(<OnboardingPage />, {
    at: '/welcome?step=task&workspace=wsp_1',
    path: '/welcome',
  });
  const prompt = await screen.findByLabelText('First task');
  await user.clear(prompt);
  await user.type(prompt, 'count the files');
  first.unmount();
  renderPage(<OnboardingPage />, { at: '/welcome', path: '/welcome' });
  expect(((await screen.findByLabelText('First task')) as HTMLTextAreaElement).value).toBe('count the files');
  expect(await screen.findByText(/home\/me\/project/)).toBeTruthy();
});

test('going through it again keeps the model that answers', async () => {
  answer('GET /api/v1/status', { default_model: 'cloud/big' });
  const { router } = renderPage(<OnboardingPage />, { at: '/welcome?step=model', path: '/welcome' });
  await userEvent.click(await screen.findByRole('button', { name: 'Keep this model' }));
  await waitFor(() => expect(router.state.location.search).toMatchObject({ step: 'task' }));
  expect(asked.some((one) => one.method === 'PUT')).toBe(false);
});
