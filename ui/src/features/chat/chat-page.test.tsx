// SPDX-License-Identifier: MIT
// Over 500 lines: one page, one fake daemon, and every state of a conversation.
import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { useActionRegistry } from '@/actions/actions';
import { useOutbox } from '@/api/outbox';
import { Unreachable } from '@/api/problem';
import type { Events } from '@/api/schema';
import { bus } from '@/bus/bus';
import { resync } from '@/bus/resync';
import {
  type Asked,
  answer,
  asked,
  expectAccessible,
  problem,
  renderPage,
  startFakeDaemon,
} from '../../../test/page';
import { ChatPage } from './chat-page';
import { live } from './live';
import { joinEnd } from './queries';
import type { Message } from './transcript';

const kSide = 800;
const kWhen = '2026-09-21T14:13:20.000Z';
const kSession = {
  id: 'ses_1',
  workspace_id: null,
  agent: 'default',
  model: null,
  title: 'Slow build',
  status: 'active',
  surface: 'web',
  parent_id: null,
  message_count: 2,
  unread: false,
  last_turn_id: null,
  last_state: null,
  cost: null,
  unpriced_calls: 0,
  input_tokens: 0,
  output_tokens: 0,
  created_at: kWhen,
  updated_at: kWhen,
};
const kUsage = {
  input_tokens: 1200,
  output_tokens: 34,
  cached_input_tokens: 0,
  cache_write_tokens: 0,
  reasoning_tokens: 0,
  estimated: false,
};
const turn = (more: Record<string, unknown> = {}) => ({
  id: 'trn_1',
  session_id: 'ses_1',
  state: 'completed',
  surface: 'web',
  model: 'a/asked',
  answered_by: 'b/other',
  message_id: 'msg_1',
  usage: kUsage,
  cost: { amount: '0.0132', currency: 'USD' },
  unpriced_calls: 0,
  trace_id: '0'.repeat(32),
  denied_calls: 0,
  error: null,
  created_at: kWhen,
  started_at: kWhen,
  ended_at: '2026-09-21T14:13:21.500Z',
  steps: [],
  partial: [],
  ...more,
});
const message = (id: string, role: string, text: string, more: Record<string, unknown> = {}) => ({
  id,
  session_id: 'ses_1',
  role,
  turn_id: 'trn_1',
  step_id: role === 'user' ? null : 'stp_1',
  parts: [{ type: 'text', state: 'complete', text, labels: [] }],
  created_at: kWhen,
  ...more,
});
const list = (items: unknown[]) => ({ items, next_cursor: null });

beforeEach(() => {
  startFakeDaemon();
  sessionStorage.clear();
  localStorage.clear();
  useOutbox.setState({ items: [] });
  // Nothing is laid out here, so a list is as high as it says.
  for (const side of ['clientHeight', 'clientWidth'])
    for (const kind of [Element, HTMLElement])
      Object.defineProperty(kind.prototype, side, { configurable: true, value: kSide });
  answer('GET /api/v1/sessions', list([{ ...kSession, snippet: null }]));
  answer('GET /api/v1/sessions/{id}', kSession);
  answer(
    'GET /api/v1/sessions/{id}/messages',
    list([message('msg_2', 'assistant', 'Because of **this**.'), message('msg_1', 'user', 'Why?')]),
  );
  answer('GET /api/v1/sessions/{id}/context', {
    session_id: 'ses_1',
    model: 'a/asked',
    used_tokens: 900,
    conversation_tokens: 800,
    limit_tokens: 1000,
    limit_known: true,
    percent: 90,
    unread_messages: 7,
    pins: [],
    compactions: [],
  });
  answer('GET /api/v1/turns/{id}', turn());
  answer('GET /api/v1/approvals', list([]));
  answer('GET /api/v1/workspaces', list([]));
  answer('GET /api/v1/agents', list([]));
  answer('GET /api/v1/status', { default_model: 'starter/commands', approvals_pending: 0 });
  answer('POST /api/v1/sessions/{id}/messages', { message_id: 'msg_9', turn_id: 'trn_9' });
});

const open = () => renderPage(<ChatPage />, { at: '/chat/ses_1', path: '/chat/$session' });
const emit = (text: Events['turn.delta']) => act(() => live.take({ event: 'turn.delta', payload: text }));
const runAction = (id: string) => act(() => useActionRegistry.getState().actions.get(id)?.run());

test('shows messages, who really answered, and what it took', async () => {
  const { container } = open();
  expect(await screen.findByText('Why?')).toBeTruthy();
  expect((await screen.findByText('this')).tagName).toBe('STRONG');
  expect(await screen.findByText('b/other answered for a/asked')).toBeTruthy();
  expect(screen.getByText('1.5 s')).toBeTruthy();
  expect(screen.getByText('1.23k tokens')).toBeTruthy();
  expect(screen.getByText('$0.0132')).toBeTruthy();
  expect(screen.getByRole('link', { name: 'Trace' }).getAttribute('href')).toBe('/trace/trn_1');
  await expectAccessible(container);
});

test('a conversation opens at its end; earlier messages come when one is near them', async () => {
  const old = { turn_id: 'trn_0' };
  answer('GET /api/v1/sessions/{id}/messages', ({ query }: { query: URLSearchParams }) =>
    query.get('before') === 'msg_1'
      ? list([message('msg_0', 'user', 'What was first?', old)])
      : { items: [message('msg_1', 'user', 'Why?')], next_cursor: 'more' },
  );
  open();
  expect(await screen.findByText('Why?')).toBeTruthy();
  expect(await screen.findByText('What was first?')).toBeTruthy();
  expect(asked.find((one) => one.path.endsWith('/messages'))?.query.get('sort')).toBe('newest');
  await waitFor(() => expect(screen.queryByText('Loading earlier messages')).toBeNull());
});

test('a transcript that may have changed further up is read again as far as it was', async () => {
  const at = (index: number) => message(`msg_${index}`, 'user', `Line ${index}`);
  // Newest first, as asked for; 50 a page.
  const all = Array.from({ length: 120 }, (_, index) => at(120 - index));
  answer('GET /api/v1/sessions/{id}/messages', ({ query }: { query: URLSearchParams }) => {
    const before = query.get('before');
    const rest = all.slice(before ? all.findIndex((one) => one.id === before) + 1 : 0);
    const limit = Number(query.get('limit'));
    return { items: rest.slice(0, limit), next_cursor: rest.length > limit ? 'more' : null };
  });
  const { queries } = open();
  await screen.findByText('Line 120');
  const known = () => queries.getQueryData<{ items: Message[] }>(['messages', 'ses_1'])?.items ?? [];
  // As when somebody had read up to the beginning.
  const whole = all.toReversed();
  act(() => void queries.setQueryData(['messages', 'ses_1'], { items: whole, older: false, stale: false }));
  all[115] = { ...at(5), parts: [{ type: 'text', state: 'complete', text: 'Summed up', labels: [] }] };
  const end = resync(bus, queries);
  onTestFinished(end);
  act(() => bus.onReset());
  await waitFor(() => expect(known()[4]?.parts[0]).toMatchObject({ text: 'Summed up' }));
  expect(known()).toHaveLength(120);
});

test('a step that ends is heard in a group that something else began', async () => {
  class FakeSocket extends EventTarget {
    static readonly OPEN = 1;
    static last: FakeSocket | undefined;
    constructor(readonly url: string) {
      super();
      FakeSocket.last = this;
    }
    close() {}
  }
  vi.stubGlobal('WebSocket', FakeSocket);
  vi.spyOn(live, 'take').mockImplementation(() => {});
  bus.start(null);
  onTestFinished(() => {
    bus.stop();
    vi.unstubAllGlobals();
  });
  const { queries } = open();
  await screen.findByText('Why?');
  await waitFor(() => expect(queries.getQueryState(['context', 'ses_1'])?.status).toBe('success'));
  const before = asked.filter((one) => one.path.endsWith('/context')).length;
  for (const [version, event] of ['tool.finished', 'step.finished'].entries()) {
    const payload = { turn_id: 'trn_1', step_id: 'stp_1' };
    const data = JSON.stringify({ type: 'event', version, event, session_id: 'ses_1', payload });
    act(() => void FakeSocket.last?.dispatchEvent(new MessageEvent('message', { data })));
  }
  await waitFor(() => expect(asked.filter((one) => one.path.endsWith('/context'))).toHaveLength(before + 1));
});

test('the end of a transcript is joined to what is known of it', () => {
  const ids = (...names: string[]) => names.map((name) => message(name, 'user', name) as unknown as Message);
  const joined = (known: Message[], fresh: Message[]) => joinEnd(known, fresh)?.map((one) => one.id);
  expect(joined(ids('a', 'b', 'c'), ids('b', 'c', 'd'))).toEqual(['a', 'b', 'c', 'd']);
  expect(joined(ids('a', 'b'), ids('b'))).toEqual(['a', 'b']);
  expect(joined(ids('a', 'b'), ids('d'))).toBeUndefined();
});

test('a conversation that has not begun offers something to begin with', async () => {
  const { container } = renderPage(<ChatPage />, { at: '/chat' });
  const message = await screen.findByRole('textbox', { name: 'Message' });
  await userEvent.click(screen.getByRole('button', { name: 'help' }));
  expect(message).toHaveProperty('value', 'help');
  await expectAccessible(container);
});

test('a starter and the prompt of an address leave the draft where it is', async () => {
  sessionStorage.setItem('pryx_draft_new', 'half a thought');
  const { router } = renderPage(<ChatPage />, { at: '/chat?prompt=count' });
  const message = await screen.findByRole('textbox', { name: 'Message' });
  await waitFor(() => expect(message).toHaveProperty('value', 'half a thought\ncount'));
  // Loaded anew, the draft is all there is.
  await waitFor(() => expect(router.state.location.search).toEqual({}));
  expect(message).toHaveProperty('value', 'half a thought\ncount');
  await userEvent.click(screen.getByRole('button', { name: 'help' }));
  expect(message).toHaveProperty('value', 'half a thought\ncount\nhelp');
  // What nobody wrote gives way.
  await userEvent.clear(message);
  await userEvent.click(screen.getByRole('button', { name: 'Find TODO in the files' }));
  await userEvent.click(screen.getByRole('button', { name: 'help' }));
  expect(message).toHaveProperty('value', 'help');
});

test('the first message makes the session and goes there', async () => {
  answer('POST /api/v1/sessions', kSession);
  const { router } = renderPage(<ChatPage />, { at: '/chat' });
  await userEvent.type(await screen.findByRole('textbox', { name: 'Message' }), 'hello{Enter}');
  await waitFor(() => expect(router.state.location.pathname).toBe('/chat/ses_1'));
  const sent = asked.find((one) => one.method === 'POST' && one.path.endsWith('/messages'));
  expect(sent?.body).toMatchObject({ text: 'hello' });
});

test('a message that was not sent stays, and is sent once with one key', async () => {
  answer('POST /api/v1/sessions/{id}/messages', problem(429, 'PRYX-1010', '32 wait already'));
  open();
  const field = await screen.findByRole('textbox', { name: 'Message' });
  await userEvent.type(field, 'again{Shift>}{Enter}{/Shift}please{Enter}');
  expect(await screen.findByText('32 wait already')).toBeTruthy();
  answer('POST /api/v1/sessions/{id}/messages', { message_id: 'msg_9', turn_id: 'trn_9' });
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  await waitFor(() => expect(screen.queryByText('32 wait already')).toBeNull());
  const sent = asked.filter((one) => one.method === 'POST' && one.path.endsWith('/messages'));
  expect(sent).toHaveLength(2);
  expect(sent[0]?.body).toEqual(sent[1]?.body);
  expect(sent[0]?.body).toMatchObject({ text: 'again\nplease' });
});

test('streams from the bus and stops with one action', async () => {
  answer('GET /api/v1/sessions/{id}/messages', list([message('msg_1', 'user', 'Why?')]));
  answer('GET /api/v1/turns/{id}', turn({ state: 'running', ended_at: null, answered_by: null }));
  answer('POST /api/v1/turns/{id}/cancel', turn({ state: 'cancelled' }));
  open();
  await screen.findAllByRole('button', { name: 'Stop answer' });
  const payload = { turn_id: 'trn_1', step_id: 'stp_1', part: 'text' } as const;
  emit({ ...payload, offset: 0, text: 'Some **bo' });
  expect((await screen.findByText('bo')).tagName).toBe('STRONG');
  emit({ ...payload, offset: 9, text: 'ld** text' });
  expect((await screen.findByText('bold')).tagName).toBe('STRONG');
  runAction('chat.stop');
  await waitFor(() => expect(asked.some((one) => one.path.endsWith('/cancel'))).toBe(true));
  expect(await screen.findByText('stopped')).toBeTruthy();
});

test('an error stands at its turn, with what can be done', async () => {
  answer('GET /api/v1/sessions/{id}/messages', list([message('msg_1', 'user', 'Why?')]));
  answer(
    'GET /api/v1/turns/{id}',
    turn({ state: 'failed', error: { code: 'rate_limited', detail: 'provider fake answered 429' } }),
  );
  open();
  const alert = await screen.findByRole('alert');
  expect(within(alert).getByText('provider fake answered 429')).toBeTruthy();
  await userEvent.click(within(alert).getByRole('button', { name: 'Retry' }));
  await waitFor(() =>
    expect(asked.find((one) => one.method === 'POST')?.body).toMatchObject({ text: 'Why?' }),
  );
});

test('a question with a picture is asked again with its picture', async () => {
  const picture = {
    type: 'image',
    state: 'complete',
    text: '',
    labels: [],
    name: 'a.png',
    media_type: 'image/png',
    detail: 'high',
  };
  const asking = message('msg_1', 'user', 'What is this?');
  answer('GET /api/v1/sessions/{id}/messages', list([{ ...asking, parts: [picture, ...asking.parts] }]));
  answer('GET /api/v1/turns/{id}', turn({ state: 'failed', error: { code: 'x', detail: 'no' } }));
  answer('GET /api/v1/sessions/ses_1/messages/msg_1/parts/0/image', problem(404, 'PRYX-1004', 'it is gone'));
  open();
  await userEvent.click(await screen.findByRole('button', { name: 'Retry' }));
  expect(await screen.findByText('it is gone')).toBeTruthy();
  expect(asked.some((one) => one.method === 'POST')).toBe(false);
  answer('GET /api/v1/sessions/ses_1/messages/msg_1/parts/0/image', [1]);
  await userEvent.click(screen.getByRole('button', { name: 'Retry' }));
  await waitFor(() =>
    expect(asked.find((one) => one.method === 'POST')?.body).toMatchObject({
      text: 'What is this?',
      parts: [{ type: 'image', media_type: 'image/png', name: 'a.png', data: btoa('[1]'), detail: 'high' }],
    }),
  );
});

test('renaming, archiving and deleting are commands of the palette', async () => {
  answer('PATCH /api/v1/sessions/{id}', problem(409, 'PRYX-1409', 'it is being exported'));
  open();
  await screen.findByText('Why?');
  await runAction('chat.archive');
  // Said where the person is, not only in a corner.
  const alert = await screen.findByRole('alert');
  expect(within(alert).getByText('it is being exported')).toBeTruthy();
  await userEvent.click(within(alert).getByRole('button', { name: 'Dismiss' }));
  expect(screen.queryByRole('alert')).toBeNull();
  await runAction('chat.rename');
  const rename = await screen.findByRole('dialog', { name: 'Rename conversation' });
  // This Enter takes what an input method offers.
  fireEvent.keyDown(within(rename).getByRole('textbox'), { key: 'Enter', isComposing: true });
  await userEvent.keyboard('{Escape}');
  await runAction('chat.delete');
  expect(await screen.findByRole('dialog', { name: 'Delete “Slow build”?' })).toBeTruthy();
  expect(asked.filter((one) => one.method === 'PATCH')).toHaveLength(1);
});

test('a model that is waited for can be asked at once', async () => {
  const since = new Date(Date.now() - 5000).toISOString();
  const times = { created_at: since, started_at: since, ended_at: null };
  const waiting = turn({ id: 'trn_w', state: 'running', ...times });
  const question = message('msg_1', 'user', 'Why?', { turn_id: 'trn_w' });
  answer('GET /api/v1/sessions/{id}/messages', list([question]));
  answer('GET /api/v1/turns/{id}', waiting);
  answer('POST /api/v1/turns/{id}/resume', waiting);
  open();
  await screen.findByText('Why?');
  const payload = {
    turn_id: 'trn_w',
    step_id: 'stp_9',
    code: 'unavailable',
    reason: 'a/asked cannot be reached',
    detail: 'no route',
    delay_ms: 600_000,
    waits: true,
  };
  act(() => live.take({ event: 'turn.retrying', payload }));
  const why = /a\/asked cannot be reached \(no route\); asked again in 10 min/;
  expect(await screen.findByText(why)).toBeTruthy();
  await userEvent.click(await screen.findByRole('button', { name: 'Ask now' }));
  await waitFor(() =>
    expect(asked.find((one) => one.path.endsWith('/resume'))?.body).toEqual({
      step_id: 'stp_9',
      resolution: 'retry',
    }),
  );
});

test('whoever comes later reads why a model is waited for as well', async () => {
  const since = new Date(Date.now() - 5000).toISOString();
  const times = { created_at: since, started_at: since, ended_at: null };
  const summary = 'a/asked cannot be reached and is asked again at noon: no route';
  const step = { id: 'stp_8', kind: 'model', state: 'started', attempt: 2, tool: null, summary };
  const waiting = turn({ id: 'trn_v', state: 'running', steps: [step], ...times });
  const question = message('msg_1', 'user', 'Why?', { turn_id: 'trn_v' });
  answer('GET /api/v1/sessions/{id}/messages', list([question]));
  answer('GET /api/v1/turns/{id}', waiting);
  open();
  expect(await screen.findByText(summary)).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Ask now' })).toBeTruthy();
  // The next attempt has begun: nothing is waited for any more.
  const begun = { turn_id: 'trn_v', step_id: 'stp_8', kind: 'model', attempt: 3 } as const;
  act(() => live.take({ event: 'step.started', payload: begun }));
  await waitFor(() => expect(screen.queryByText(summary)).toBeNull());
});

test('a step with an unknown outcome is decided by a person', async () => {
  const step = {
    id: 'stp_1',
    state: 'unknown',
    tool: 'shell.exec',
    kind: 'tool',
    arguments: '{}',
    attempt: 1,
  };
  answer('GET /api/v1/sessions/{id}/messages', list([message('msg_1', 'user', 'Why?')]));
  answer('GET /api/v1/turns/{id}', turn({ state: 'needs_attention', ended_at: null, steps: [step] }));
  answer('POST /api/v1/turns/{id}/resume', turn({ state: 'running', ended_at: null }));
  open();
  await userEvent.click(await screen.findByRole('button', { name: 'Treat as done' }));
  await userEvent.type(screen.getByRole('textbox', { name: 'What the agent is told' }), 'it was done');
  await userEvent.click(screen.getByRole('button', { name: 'Treat as done' }));
  await waitFor(() =>
    expect(asked.find((one) => one.path.endsWith('/resume'))?.body).toEqual({
      step_id: 'stp_1',
      resolution: 'treat_as_done',
      result: 'it was done',
    }),
  );
});

test('the commands of the conversation open by their key', async () => {
  open();
  await screen.findByText('Why?');
  expect(useActionRegistry.getState().actions.get('chat.menu')?.keys).toEqual(['.']);
  runAction('chat.menu');
  const items = within(await screen.findByRole('menu')).getAllByRole('menuitem');
  expect(items[0]?.textContent).toBe('Rename conversationE');
  await userEvent.keyboard('{Escape}');
  await waitFor(() => expect(screen.queryByRole('menu')).toBeNull());
});

test('its background processes are a command away', async () => {
  const { router } = open();
  await screen.findByText('Why?');
  runAction('chat.processes');
  await waitFor(() => expect(router.state.location.pathname).toBe('/processes'));
  expect(router.state.location.search).toEqual({ session: 'ses_1' });
});

test('the model can be switched by keyboard alone', async () => {
  answer('GET /api/v1/models', {
    ...list([
      { id: 'a/one', provider: 'a', price: null, default: true },
      { id: 'b/two', provider: 'b', price: null, default: false },
    ]),
    errors: [],
  });
  answer('PATCH /api/v1/sessions/{id}', { ...kSession, model: 'b/two' });
  open();
  await screen.findByText('Why?');
  runAction('chat.model');
  await screen.findByRole('option', { name: /b\/two/ });
  await userEvent.keyboard('two{Enter}');
  await waitFor(() => expect(asked.find((one) => one.method === 'PATCH')?.body).toEqual({ model: 'b/two' }));
  expect(await screen.findByText('b/two')).toBeTruthy();
});

test.each([
  ['whole, from its header', 'Fork conversation', {}],
  ['from a message on', 'Fork from here', { message_id: 'msg_1' }],
])('a conversation is forked %s, and the copy opens', async (_how, name, body) => {
  answer('GET /api/v1/sessions/{id}', ({ path }: Asked) => ({ ...kSession, id: path.split('/').at(-1) }));
  answer('POST /api/v1/sessions/{id}/fork', problem(409, 'PRYX-1409', 'it is being deleted'));
  const { router } = open();
  await screen.findByText('Why?');
  const fork = async () => {
    if (name === 'Fork conversation') {
      await userEvent.click(screen.getByRole('button', { name: 'More commands' }));
      await userEvent.click(await screen.findByRole('menuitem', { name: /^Fork conversation/ }));
    } else await userEvent.click(screen.getByRole('button', { name }));
  };
  await fork();
  expect(await screen.findByText('it is being deleted')).toBeTruthy();
  expect(router.state.location.pathname).toBe('/chat/ses_1');
  answer('POST /api/v1/sessions/{id}/fork', { ...kSession, id: 'ses_2', parent_id: 'ses_1' });
  await fork();
  await waitFor(() => expect(router.state.location.pathname).toBe('/chat/ses_2'));
  const forks = asked.filter((one) => one.path === '/api/v1/sessions/ses_1/fork');
  expect(forks.map((one) => one.body)).toEqual([body, body]);
});

test('context can be summarised after a look at what that means', async () => {
  answer('POST /api/v1/sessions/{id}/compact', {
    session_id: 'ses_1',
    model: 'a/asked',
    messages: 12,
    unread_messages: 4,
    first: { id: 'm', role: 'user', text: 'hello' },
    last: { id: 'n', role: 'assistant', text: 'bye' },
    tokens_before: 9000,
    tokens_to_summarise: 5000,
    labels: [],
    kept: ['never on Sundays'],
    pins: [],
  });
  open();
  await userEvent.click(await screen.findByRole('button', { name: 'Context 90 % full' }));
  expect(await screen.findByText('A summary would stand for 12 messages')).toBeTruthy();
  expect(screen.getByText('never on Sundays')).toBeTruthy();
  expect(screen.getByText(/^7 older messages are not counted/)).toBeTruthy();
  expect(screen.getByText(/^It would not tell of 4 of them/)).toBeTruthy();
  await expectAccessible(screen.getByRole('dialog'));
  await userEvent.click(screen.getByRole('button', { name: 'Summarise old messages' }));
  const summaries = () =>
    asked.filter((one) => one.path.endsWith('/compact') && !(one.body as { preview: boolean }).preview);
  await waitFor(() => expect(summaries()).toHaveLength(1));
});

test('loading, gone, broken and out of reach', async () => {
  answer('GET /api/v1/sessions/{id}', problem(404, 'PRYX-1004', 'there is no session'));
  const gone = open();
  expect(await screen.findByText('This conversation is gone')).toBeTruthy();
  gone.unmount();

  answer('GET /api/v1/sessions/{id}', kSession);
  answer('GET /api/v1/sessions/{id}/messages', problem(500, 'PRYX-1099', 'the disk is full'));
  const broken = open();
  expect(await screen.findByText('the disk is full')).toBeTruthy();
  broken.unmount();

  answer('GET /api/v1/sessions/{id}/messages', () => {
    throw new TypeError('no network');
  });
  open();
  expect((await screen.findAllByText(/daemon did not answer/)).length).toBeGreaterThan(0);
});

test('a conversation that is deleted elsewhere says so, and what was not sent can be copied', async () => {
  const { queries } = open();
  await screen.findByText('Why?');
  const sending = { key: 'k', text: 'my long words', session: 'ses_1', images: [], error: new Unreachable() };
  act(() => useOutbox.setState({ items: [sending] }));
  answer('GET /api/v1/sessions/{id}', problem(404, 'PRYX-1404', 'There is no such session.'));
  act(() => void queries.invalidateQueries({ queryKey: ['sessions', 'one'] }));
  expect(await screen.findByText('This conversation is gone')).toBeTruthy();
  expect(screen.getByText('my long words')).toBeTruthy();
  expect(screen.queryByRole('textbox', { name: 'Message' })).toBeNull();
});

test('a further page of the list that is refused is asked for again by a person only', async () => {
  const row = (at: number) => ({ ...kSession, id: `ses_${at}`, title: `Talk ${at}`, snippet: null });
  const newest = Array.from({ length: 12 }, (_, at) => row(at + 1));
  let further: unknown = problem(429, 'PRYX-1429', 'Too many requests.');
  answer('GET /api/v1/sessions', ({ query }: Asked) =>
    query.get('cursor') ? further : { items: newest, next_cursor: 'more' },
  );
  const times = () => asked.filter((one) => one.query.get('cursor') === 'more').length;
  open();
  expect(await screen.findByText('The older conversations could not be loaded')).toBeTruthy();
  expect(times()).toBe(1);
  further = list([row(99)]);
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findByText('Talk 99')).toBeTruthy();
  expect(times()).toBe(2);
});

test('the list says when it is empty and when nothing fits', async () => {
  answer('GET /api/v1/sessions', list([]));
  renderPage(<ChatPage />, { at: '/chat' });
  expect(await screen.findByText(/No conversations yet/)).toBeTruthy();
  await userEvent.type(screen.getByRole('searchbox'), 'zebra');
  expect(await screen.findByText(/Nothing fits/)).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: 'Clear the search' }));
  expect(await screen.findByText(/No conversations yet/)).toBeTruthy();
});
