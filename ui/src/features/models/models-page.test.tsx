// SPDX-License-Identifier: MIT
import { act, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import { useActionRegistry } from '@/actions/actions';
import { answer, asked, expectAccessible, problem, renderPage, startFakeDaemon } from '../../../test/page';
import { ModelsPage } from './models-page';

const model = (id: string, more: object = {}) => ({
  id,
  provider: id.split('/')[0],
  context_tokens: 128_000,
  max_output_tokens: 16_000,
  price: null,
  family: null,
  tokenizer: null,
  takes: ['text'],
  gives: ['text'],
  tools: true,
  reasoning: false,
  as_of: '2026-07-02',
  source: 'catalog',
  default: false,
  ...more,
});
const kModels = {
  items: [model('starter/commands', { default: true }), model('cloud/big')],
  next_cursor: null,
};
const provider = (name: string, more: object = {}) => ({
  name,
  kind: 'openai',
  base_url: 'http://127.0.0.1:9/v1',
  api: null,
  has_key: true,
  built_in: false,
  state: 'ready',
  ...more,
});

beforeEach(() => {
  startFakeDaemon();
  // happy-dom has no layout: the virtual list needs a height to show rows.
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(600);
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1200);
  answer('GET /api/v1/models', kModels);
  answer('GET /api/v1/models/catalog', {
    as_of: '2026-07-02',
    source: 'x',
    models: 393,
    from: null,
    fetched_at: null,
    own_models: 0,
    problem: null,
  });
  answer('GET /api/v1/providers', { items: [provider('cloud')], next_cursor: null });
  answer('GET /api/v1/providers/presets', {
    items: [
      {
        name: 'openai',
        kind: 'openai',
        base_url: 'https://api.openai.com/v1',
        needs_key: true,
        about: 'OpenAI',
      },
    ],
    next_cursor: null,
  });
});

test('models are listed, and a filter that fits nothing says so', async () => {
  const user = userEvent.setup();
  const { router } = renderPage(<ModelsPage />, { at: '/models' });
  expect(await screen.findByText('cloud/big')).toBeTruthy();
  await user.type(screen.getByLabelText('Filter models'), 'zzz');
  expect(await screen.findByText('No model fits')).toBeTruthy();
  expect(router.state.location.search).toMatchObject({ q: 'zzz' });
  await user.click(screen.getByRole('button', { name: /Clear filters/ }));
  expect(await screen.findByText('cloud/big')).toBeTruthy();
});

test('no models: what to do is said', async () => {
  answer('GET /api/v1/models', { items: [], next_cursor: null });
  renderPage(<ModelsPage />, { at: '/models' });
  expect(await screen.findByText('No models')).toBeTruthy();
});

test('a failure shows its code and can be tried again', async () => {
  answer('GET /api/v1/models', problem(500, 'PRYX-1012', 'the store is away'));
  renderPage(<ModelsPage />, { at: '/models' });
  expect(await screen.findByText('the store is away')).toBeTruthy();
  answer('GET /api/v1/models', kModels);
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findByText('cloud/big')).toBeTruthy();
});

test('a model is made the default', async () => {
  answer('PUT /api/v1/settings', { settings: { 'model.default': 'cloud/big' }, origins: {}, sources: {} });
  renderPage(<ModelsPage />, { at: '/models?model=cloud/big' });
  await userEvent.click(await screen.findByRole('button', { name: 'Use as default' }));
  expect(asked.find((one) => one.method === 'PUT')?.body).toEqual({
    settings: { 'model.default': 'cloud/big' },
  });
});

test('a provider is tested, and a key is sent once and never shown', async () => {
  const user = userEvent.setup();
  answer('POST /api/v1/providers/cloud/test', { ok: true, provider: 'cloud', models: 3 });
  answer('PUT /api/v1/providers/{id}', provider('openai'));
  const { container } = renderPage(<ModelsPage />, { at: '/models?tab=providers' });
  await user.click(await screen.findByRole('button', { name: /^Test / }));
  expect(await screen.findByText('cloud answers: 3 models')).toBeTruthy();
  await expectAccessible(container);
  await user.click(screen.getByRole('button', { name: 'Add provider' }));
  const dialog = await screen.findByRole('dialog');
  await user.type(within(dialog).getByLabelText('API key'), 'sk-1');
  await user.click(within(dialog).getByRole('button', { name: 'Save provider' }));
  const put = asked.find((one) => one.method === 'PUT');
  expect(put?.path).toBe('/api/v1/providers/openai');
  expect(put?.body).toMatchObject({ key: 'sk-1' });
  expect(document.body.textContent).not.toContain('sk-1');
});

test('adding a provider under a name that is taken says what it replaces', async () => {
  const user = userEvent.setup();
  answer('PUT /api/v1/providers/{id}', provider('cloud'));
  renderPage(<ModelsPage />, { at: '/models?tab=providers' });
  await screen.findByRole('button', { name: /^Test / });
  await user.click(screen.getByRole('button', { name: 'Add provider' }));
  const dialog = await screen.findByRole('dialog');
  expect(within(dialog).getByRole('button', { name: 'Save provider' })).toBeTruthy();
  await user.clear(within(dialog).getByLabelText('Name'));
  await user.type(within(dialog).getByLabelText('Name'), 'cloud');
  expect(within(dialog).getByText(/There is a provider cloud already, at http:/)).toBeTruthy();
  await expectAccessible(dialog);
  expect(within(dialog).queryByRole('button', { name: 'Save provider' })).toBeNull();
  await user.click(within(dialog).getByRole('button', { name: 'Replace cloud' }));
  expect(asked.find((one) => one.method === 'PUT')?.path).toBe('/api/v1/providers/cloud');
});

test('servers of this machine are shown with their fit, and added only on request', async () => {
  answer('GET /api/v1/providers/local', {
    items: [
      {
        server: 'ollama',
        kind: 'ollama',
        name: 'ollama',
        base_url: 'http://127.0.0.1:11434',
        version: '0.9',
        provider: null,
        models: [
          {
            id: 'qwen3:8b',
            size_bytes: 5e9,
            context_tokens: 32_768,
            quantization: 'Q4',
            parameters: '8B',
            loaded: false,
            elsewhere: false,
            fit: 'tight',
          },
        ],
      },
    ],
    next_cursor: null,
    ports: [11434],
    memory: { total_bytes: 16e9, available_bytes: 8e9 },
  });
  answer('PUT /api/v1/providers/ollama', provider('ollama'));
  renderPage(<ModelsPage />, { at: '/models?tab=local' });
  expect(await screen.findByText('tight on this machine')).toBeTruthy();
  expect(asked.some((one) => one.method === 'PUT')).toBe(false);
  await userEvent.click(screen.getByRole('button', { name: 'Add ollama' }));
  expect(asked.find((one) => one.method === 'PUT')?.body).toMatchObject({ kind: 'ollama', no_key: true });
  // Which names are free has changed, so the daemon is asked for its suggestions again.
  await vi.waitFor(() =>
    expect(asked.findLastIndex((one) => one.path === '/api/v1/providers/local')).toBeGreaterThan(
      asked.findIndex((one) => one.method === 'PUT'),
    ),
  );
});

test('what a test finds out is what the list shows', async () => {
  let state = 'ready';
  answer('GET /api/v1/providers', () => ({ items: [provider('cloud', { state })], next_cursor: null }));
  answer('POST /api/v1/providers/cloud/test', () => {
    state = 'failing';
    return problem(502, 'PRYX-1502', 'no route');
  });
  renderPage(<ModelsPage />, { at: '/models?tab=providers' });
  await userEvent.click(await screen.findByRole('button', { name: 'Test provider cloud' }));
  expect(await screen.findByText('no route')).toBeTruthy();
  expect(await screen.findByText('failed')).toBeTruthy();
});

test('a provider is edited and removed from the palette too', async () => {
  renderPage(<ModelsPage />, { at: '/models?tab=providers' });
  await screen.findByText('cloud');
  const find = (label: string) =>
    [...useActionRegistry.getState().actions.values()].find((action) => action.label === label);
  expect(find('Test provider cloud')).toBeTruthy();
  act(() => find('Remove provider cloud')?.run());
  expect(await screen.findByText('Remove provider cloud?')).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: 'Keep it' }));
  act(() => find('Edit provider cloud')?.run());
  expect(await screen.findByRole('dialog', { name: 'Provider cloud' })).toBeTruthy();
});
