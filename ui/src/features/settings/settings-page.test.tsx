// SPDX-License-Identifier: MIT
import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { useNotes } from '@/ui/toast';
import { answer, asked, expectAccessible, problem, renderPage, startFakeDaemon } from '../../../test/page';
import { SettingsPage } from './settings-page';

const setting = (key: string, value: unknown, more: object = {}) => ({
  key,
  value,
  default: value,
  type: 'text',
  description: '',
  choices: null,
  min: null,
  max: null,
  unit: null,
  nothing: null,
  environment: null,
  origin: 'default',
  source: 'default',
  needs_restart: false,
  ...more,
});
type Setting = ReturnType<typeof setting>;

const kLevel = setting('log.level', 'info', {
  type: 'choice',
  choices: ['debug', 'info', 'warn'],
  description: 'Lines',
  origin: 'database',
  source: 'line 3',
});
const kSteps = setting('tools.max_steps', 50, {
  type: 'integer',
  min: 1,
  max: 1000,
  description: 'Calls of one turn.',
});
const kBeat = setting('heartbeat.enabled', false, { type: 'boolean' });

const settingsOf = (...items: Setting[]) => ({
  settings: Object.fromEntries(items.map(({ key, value }) => [key, value])),
  origins: {},
  sources: {},
  items,
  next_cursor: null,
});

// A daemon that keeps what it is told; null takes it back.
function fakeSettings(...items: Setting[]) {
  let now = items;
  answer('GET /api/v1/settings', () => settingsOf(...now));
  answer('PUT /api/v1/settings', (one: { body: { settings: Record<string, unknown> } }) => {
    const { settings } = one.body;
    now = now.map((item) =>
      item.key in settings
        ? {
            ...item,
            value: settings[item.key] ?? item.default,
            origin: settings[item.key] === null ? 'default' : 'database',
          }
        : item,
    );
    return settingsOf(...now);
  });
}

const sent = () => asked.filter((one) => one.method === 'PUT').map((one) => one.body);

beforeEach(() => {
  startFakeDaemon();
  fakeSettings(kLevel, kSteps, kBeat);
});

test('a number is changed within its limits, and where it comes from is said', async () => {
  const user = userEvent.setup();
  const { container } = renderPage(<SettingsPage />, { at: '/settings' });
  expect(await screen.findByText('database, line 3')).toBeTruthy();
  expect(await screen.findByText(/Calls of one turn. From 1 to 1000/)).toBeTruthy();
  const steps = screen.getByLabelText('tools.max_steps');
  await user.clear(steps);
  await user.type(steps, '2000');
  expect(screen.getByText('At most 1000.')).toBeTruthy();
  expect((screen.getByRole('button', { name: 'Save' }) as HTMLButtonElement).disabled).toBe(true);
  await user.clear(steps);
  await user.type(steps, '25{Enter}');
  await waitFor(() => expect(screen.queryByRole('button', { name: 'Save' })).toBeNull());
  expect(sent()).toEqual([{ settings: { 'tools.max_steps': 25 } }]);
  expect(document.activeElement).toBe(steps);
  await expectAccessible(container);
});

test('a choice is saved when it is made, a switch when it is thrown, and a reset takes the change back', async () => {
  const user = userEvent.setup();
  renderPage(<SettingsPage />, { at: '/settings' });
  const level = await screen.findByLabelText('log.level');
  await user.selectOptions(level, 'debug');
  await waitFor(() => expect(sent()).toHaveLength(1));
  const beat = screen.getByRole('switch', { name: 'heartbeat.enabled' });
  await user.click(beat);
  await screen.findByRole('button', { name: 'Reset heartbeat.enabled' });
  expect(document.activeElement).toBe(beat);
  const reset = screen.getByRole('button', { name: 'Reset log.level' });
  await user.click(reset);
  await waitFor(() => expect(reset.isConnected).toBe(false));
  expect(document.activeElement).toBe(level);
  expect(sent()).toEqual([
    { settings: { 'log.level': 'debug' } },
    { settings: { 'heartbeat.enabled': true } },
    { settings: { 'log.level': null } },
  ]);
});

test('an arrow key passes through the choices: Enter makes one, and so does leaving the field', async () => {
  const user = userEvent.setup();
  renderPage(<SettingsPage />, { at: '/settings' });
  const level = (await screen.findByLabelText('log.level')) as HTMLSelectElement;
  const arrowTo = (value: string) => {
    fireEvent.keyDown(level, { key: 'ArrowDown' });
    fireEvent.change(level, { target: { value } });
  };
  act(() => level.focus());
  arrowTo('warn');
  arrowTo('debug');
  expect(level.value).toBe('debug');
  expect(sent()).toEqual([]);
  await user.keyboard('{Enter}');
  await waitFor(() => expect(screen.queryByRole('button', { name: 'Save' })).toBeNull());
  expect(document.activeElement).toBe(level);
  arrowTo('warn');
  await user.keyboard('{Escape}');
  expect(level.value).toBe('debug');
  arrowTo('warn');
  await user.click(screen.getByLabelText('tools.max_steps'));
  await waitFor(() =>
    expect(sent()).toEqual([{ settings: { 'log.level': 'debug' } }, { settings: { 'log.level': 'warn' } }]),
  );
});

test('an undone change leaves no override of what the file or the default says', async () => {
  const user = userEvent.setup();
  fakeSettings(
    { ...kLevel, origin: 'file' },
    { ...kSteps, origin: 'database' },
    { ...kBeat, origin: 'default' },
  );
  useNotes.setState({ notes: [] });
  renderPage(<SettingsPage />, { at: '/settings' });
  const undo = async (count: number) => {
    await waitFor(() => expect(useNotes.getState().notes.length).toBe(count));
    await act(async () => useNotes.getState().notes[0]?.undo?.());
  };
  const level = await screen.findByLabelText('log.level');
  expect(screen.queryByRole('button', { name: 'Reset log.level' })).toBeNull();
  await user.selectOptions(level, 'debug');
  await undo(1);
  await waitFor(() =>
    expect(sent()).toEqual([{ settings: { 'log.level': 'debug' } }, { settings: { 'log.level': null } }]),
  );
  asked.length = 0;
  await user.click(screen.getByRole('switch', { name: 'heartbeat.enabled' }));
  await undo(2);
  await waitFor(() => expect(sent().at(-1)).toEqual({ settings: { 'heartbeat.enabled': null } }));
  // What was there as an override comes back as one.
  asked.length = 0;
  const steps = screen.getByLabelText('tools.max_steps');
  await user.clear(steps);
  await user.type(steps, '25{Enter}');
  await undo(3);
  await waitFor(() =>
    expect(sent()).toEqual([
      { settings: { 'tools.max_steps': 25 } },
      { settings: { 'tools.max_steps': kSteps.value } },
    ]),
  );
});

test('a value that is refused stays in the field', async () => {
  fakeSettings(setting('log.level', 'info'));
  answer('PUT /api/v1/settings', problem(400, 'PRYX-1001', 'must be one of debug, info'));
  renderPage(<SettingsPage />, { at: '/settings?edit=log.level' });
  const value = (await screen.findByLabelText('log.level')) as HTMLInputElement;
  await waitFor(() => expect(document.activeElement).toBe(value));
  await userEvent.type(value, 'x{Enter}');
  expect(await screen.findByText('must be one of debug, info')).toBeTruthy();
  expect(value.value).toBe('infox');
});

test('a filter that fits nothing can be cleared', async () => {
  renderPage(<SettingsPage />, { at: '/settings?q=zzz' });
  await userEvent.click(await screen.findByRole('button', { name: /Clear filters/ }));
  expect(await screen.findByLabelText('log.level')).toBeTruthy();
});

test('a secret under a name that is taken says that it replaces, and keeps its hosts', async () => {
  const user = userEvent.setup();
  const kSecret = { name: 'work', updated_at: '2026-01-01T00:00:00Z', hosts: ['api.example.org'] };
  answer('GET /api/v1/secrets', { items: [kSecret], next_cursor: null });
  answer('GET /api/v1/vault', { has_passphrase: false, locked: false });
  answer('PUT /api/v1/secrets/{name}', kSecret);
  renderPage(<SettingsPage />, { at: '/settings?tab=secrets' });
  await screen.findByText('api.example.org');
  const put = async (name: string, verb: string) => {
    await user.click(screen.getByRole('button', { name: 'Add secret' }));
    const dialog = await screen.findByRole('dialog');
    await user.type(within(dialog).getByLabelText('Name'), name);
    await user.type(within(dialog).getByLabelText('Value'), 'v');
    await user.click(within(dialog).getByRole('button', { name: verb }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    return asked.findLast((one) => one.method === 'PUT')?.body;
  };
  expect(await put('home', 'Save secret')).toEqual({ value: 'v', hosts: [] });
  expect(await put('work', 'Replace work')).toEqual({ value: 'v' });
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

function fakeConfigFile(text: string) {
  const file = { text, version: 1 };
  const shown = () => ({
    path: '/c/config.yaml',
    exists: true,
    text: file.text,
    hash: `h${file.version}`,
  });
  answer('GET /api/v1/config', shown);
  answer('PUT /api/v1/config', (one: { body: unknown }) => {
    const body = one.body as { text: string; hash: string };
    if (body.hash !== `h${file.version}`) return problem(409, 'PRYX-1409', 'The file was changed.');
    file.text = body.text;
    file.version += 1;
    return shown();
  });
  const others = (next: string) => {
    file.text = next;
    file.version += 1;
  };
  return { file, others };
}

test('a config file that does not count is marked, with its line and what counts instead', async () => {
  const file = { path: '/c/config.yaml', exists: true, text: 'log.level: loud', hash: 'h1' };
  const message = "log.level: 'loud' is not allowed";
  answer('GET /api/v1/config', { ...file, in_force: 'last_good', problem: { line: 1, message } });
  const { container, queries } = renderPage(<SettingsPage />, { at: '/settings?tab=file' });
  const note = await screen.findByRole('alert');
  expect(note.textContent).toContain(`Line 1: ${message}`);
  expect(note.textContent).toContain('the last text that was valid');
  await expectAccessible(container);
  const whole = { line: null, message: 'the text is no valid UTF-8' };
  answer('GET /api/v1/config', { ...file, in_force: 'default', problem: whole });
  await queries.invalidateQueries({ queryKey: ['config'] });
  await waitFor(() => expect(screen.getByRole('alert').textContent).toContain('nothing of the file counts'));
  expect(screen.getByRole('alert').textContent).not.toContain('Line');
  answer('GET /api/v1/config', { ...file, text: '', hash: 'h2', in_force: 'file', problem: null });
  await queries.invalidateQueries({ queryKey: ['config'] });
  await waitFor(() => expect(screen.queryByRole('alert')).toBeNull());
});

test('a config file that somebody else wrote meanwhile takes both changes', async () => {
  const user = userEvent.setup();
  const { file, others } = fakeConfigFile('log:\n  level: info\n# end');
  renderPage(<SettingsPage />, { at: '/settings?tab=file' });
  await user.type(await screen.findByLabelText('config.yaml'), ' mine');
  others('tools: {}\nlog:\n  level: info\n# end');
  await user.click(screen.getByRole('button', { name: 'Review changes' }));
  await user.click(await screen.findByRole('button', { name: 'Save file' }));
  const dialog = await screen.findByRole('dialog', { name: 'The file was changed by somebody else' });
  expect(dialog.textContent).toContain('+ tools: {}');
  expect(dialog.textContent).toContain('+ # end mine');
  await expectAccessible(dialog);
  await user.click(within(dialog).getByRole('button', { name: 'Put mine into theirs' }));
  await user.click(await screen.findByRole('button', { name: 'Save file' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(file.text).toBe('tools: {}\nlog:\n  level: info\n# end mine');
});

test('the same line changed by both: the own text stays and is saved over theirs only when that is said', async () => {
  const user = userEvent.setup();
  const { file, others } = fakeConfigFile('level: info');
  const { queries } = renderPage(<SettingsPage />, { at: '/settings?tab=file' });
  const field = (await screen.findByLabelText('config.yaml')) as HTMLTextAreaElement;
  await user.type(field, ' # mine');
  others('level: debug');
  // Read again for another reason: the text that is being written stays.
  await queries.invalidateQueries({ queryKey: ['config'] });
  await user.click(await screen.findByRole('button', { name: 'Look at both' }));
  expect(field.value).toBe('level: info # mine');
  expect(screen.queryByRole('button', { name: 'Put mine into theirs' })).toBeNull();
  await user.click(screen.getByRole('button', { name: 'Keep my text whole' }));
  expect((await screen.findByRole('dialog')).textContent).toContain('- level: debug');
  await user.click(screen.getByRole('button', { name: 'Save file' }));
  await waitFor(() => expect(file.text).toBe('level: info # mine'));
});

test('what is not saved of the config file is there again after another tab, until it is discarded', async () => {
  const user = userEvent.setup();
  fakeConfigFile('level: info');
  renderPage(<SettingsPage />, { at: '/settings?tab=file' });
  const field = async () => (await screen.findByLabelText('config.yaml')) as HTMLTextAreaElement;
  const leaveAndReturn = async () => {
    await user.click(screen.getByRole('tab', { name: 'General' }));
    await screen.findByLabelText('log.level');
    expect(screen.queryByLabelText('config.yaml')).toBeNull();
    await user.click(screen.getByRole('tab', { name: 'Config file' }));
  };
  await user.type(await field(), ' # mine');
  await leaveAndReturn();
  expect((await field()).value).toBe('level: info # mine');
  await user.click(screen.getByRole('button', { name: 'Discard changes' }));
  expect((await field()).value).toBe('level: info');
  await leaveAndReturn();
  expect((await field()).value).toBe('level: info');
});

test('set-up can be entered again', async () => {
  const { router } = renderPage(<SettingsPage />, { at: '/settings' });
  await userEvent.click(await screen.findByRole('button', { name: 'Set up again…' }));
  await waitFor(() => expect(router.state.location.pathname).toBe('/welcome'));
});

test('with a public origin the login link leads there, and no tunnel is proposed', async () => {
  const user = userEvent.setup();
  URL.createObjectURL = () => 'blob:qr';
  URL.revokeObjectURL = () => undefined;
  answer('GET /api/v1/status', {
    url: 'http://127.0.0.1:7799',
    public_url: 'https://pryx.example.net',
    default_model: 'starter/commands',
  });
  answer('POST /api/v1/login/links', () => ({
    url: 'http://127.0.0.1:7799/#code=abc',
    public_url: 'https://pryx.example.net/#code=abc',
    code: 'abc',
    expires_at: new Date(Date.now() + 60_000).toISOString(),
  }));
  answer('POST /api/v1/qr', { svg: true });
  renderPage(<SettingsPage />, { at: '/settings?tab=devices' });
  expect(await screen.findByText(/reach this Control Center at https:\/\/pryx.example.net/)).toBeTruthy();
  expect(screen.queryByText(/ssh -L/)).toBeNull();
  await user.click(await screen.findByRole('button', { name: 'Show a login link' }));
  expect(await screen.findByText('https://pryx.example.net/#code=abc')).toBeTruthy();
  expect(asked.find((one) => one.path === '/api/v1/qr')?.body).toEqual({
    text: 'https://pryx.example.net/#code=abc',
  });
});

test('a login link is shown as a QR code only when asked for, and goes when it is over', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const user = userEvent.setup();
  URL.createObjectURL = () => 'blob:qr';
  URL.revokeObjectURL = () => undefined;
  answer('GET /api/v1/status', { url: 'http://127.0.0.1:7799', default_model: 'starter/commands' });
  answer('POST /api/v1/login/links', () => ({
    url: 'http://127.0.0.1:7799/#code=abc',
    code: 'abc',
    expires_at: new Date(Date.now() + 60_000).toISOString(),
  }));
  answer('POST /api/v1/qr', { svg: true });
  const { container } = renderPage(<SettingsPage />, { at: '/settings?tab=devices' });
  const show = await screen.findByRole('button', { name: 'Show a login link' });
  expect(asked.some((one) => one.method === 'POST')).toBe(false);
  expect(await screen.findByText(/ssh -L 7799:127.0.0.1:7799/)).toBeTruthy();
  await user.click(show);
  expect(await screen.findByRole('img', { name: /QR code/ })).toBeTruthy();
  expect(asked.find((one) => one.path === '/api/v1/qr')?.body).toEqual({
    text: 'http://127.0.0.1:7799/#code=abc',
  });
  await expectAccessible(container);
  act(() => vi.advanceTimersByTime(59_000));
  expect(screen.getByText(/for another 1 s/)).toBeTruthy();
  act(() => vi.advanceTimersByTime(1_000));
  expect(screen.getByText(/The link is over/)).toBeTruthy();
  expect(screen.queryByRole('img', { name: /QR code/ })).toBeNull();
});
