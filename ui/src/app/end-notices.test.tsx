// SPDX-License-Identifier: MIT
import { act, render, screen, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { bus } from '@/bus/bus';
import { Toasts, toast, useNotes } from '@/ui/toast';
import { type Asked, answer, asked, expectAccessible, renderPage, startFakeDaemon } from '../../test/page';
import { useEndNotices } from './end-notices';

class FakeSocket extends EventTarget {
  static readonly OPEN = 1;
  static last: FakeSocket | undefined;
  readyState = 1;
  constructor(readonly url: string) {
    super();
    FakeSocket.last = this;
  }
  close() {}
  send() {}
}

const kBegin = Date.parse('2026-09-21T14:13:20.000Z');
let version = 0;

// What the bus brings, so many seconds after the beginning.
function emit(event: string, seconds: number, payload: Record<string, unknown>, session = 'ses_1') {
  version += 1;
  const data = JSON.stringify({
    type: 'event',
    schema: 1,
    version,
    event,
    session_id: session,
    surface: 'web',
    timestamp: new Date(kBegin + seconds * 1000).toISOString(),
    payload,
  });
  act(() => void FakeSocket.last?.dispatchEvent(Object.assign(new Event('message'), { data })));
}

function turn(id: string, end: string, seconds: number, session = 'ses_1') {
  emit('turn.started', 0, { turn_id: id, model: 'a/b' }, session);
  emit(end, seconds, { turn_id: id }, session);
}

function Elsewhere() {
  useEndNotices();
  return (
    <main>
      <p>The page</p>
      <Toasts />
    </main>
  );
}

async function openAt(at: string) {
  const shown = renderPage(<Elsewhere />, { at });
  await screen.findByText('The page');
  return shown;
}

const told = () => useNotes.getState().notes.map((note) => note.text);

function hideTab() {
  Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' });
  onTestFinished(() => void Reflect.deleteProperty(document, 'visibilityState'));
}

beforeEach(() => {
  startFakeDaemon();
  useNotes.setState({ notes: [] });
  vi.stubGlobal('WebSocket', FakeSocket);
  bus.start(null);
  answer('GET /api/v1/sessions/{id}', {
    id: 'ses_1',
    title: 'Nightly build',
    surface: 'web',
    parent_id: null,
  });
});
afterEach(() => {
  bus.stop();
  vi.unstubAllGlobals();
});

test('a long turn that ends while one looks elsewhere is told, with the way to it; a short one is not', async () => {
  const { container } = await openAt('/sessions');
  turn('trn_1', 'turn.completed', 9);
  turn('trn_2', 'turn.cancelled', 60);
  turn('trn_3', 'turn.completed', 15);
  expect(await screen.findByText('“Nightly build” was answered after 15 s')).toBeTruthy();
  const link = screen.getByRole('link', { name: 'Open the conversation' });
  expect(link.getAttribute('href')).toBe('/chat/ses_1?turn=trn_3');
  await expectAccessible(container);
  turn('trn_4', 'turn.failed', 75);
  expect(await screen.findByText('“Nightly build” failed after 1 min 15 s')).toBeTruthy();
  expect(told()).toHaveLength(2);
  // The bus said when they began.
  expect(asked.some((one) => one.path.startsWith('/api/v1/turns/'))).toBe(false);
});

test('what waits for a person is told once for each time that it waits', async () => {
  // It began before this page was open.
  answer('GET /api/v1/turns/{id}', { id: 'trn_1', started_at: new Date(kBegin).toISOString() });
  await openAt('/');
  emit('approval.needed', 20, { turn_id: 'trn_1' });
  emit('approval.needed', 20, { turn_id: 'trn_1' });
  await waitFor(() => expect(told()).toEqual(['“Nightly build” waits for you']));
  emit('approval.resolved', 30, { turn_id: 'trn_1' });
  emit('approval.needed', 40, { turn_id: 'trn_1' });
  await waitFor(() => expect(told()).toHaveLength(2));
});

test('who looks at the conversation is told of others only', async () => {
  answer('GET /api/v1/sessions/{id}', ({ path }: Asked) => {
    const id = path.split('/').at(-1);
    return { id, title: id, surface: 'web', parent_id: null };
  });
  await openAt('/chat/ses_1');
  turn('trn_1', 'turn.completed', 15);
  turn('trn_2', 'turn.completed', 16, 'ses_2');
  await waitFor(() => expect(told()).toEqual(['“ses_2” was answered after 16 s']));
  expect(asked).toHaveLength(2);
});

test('a hidden tab is not looked at', async () => {
  await openAt('/chat/ses_1');
  hideTab();
  turn('trn_1', 'turn.completed', 15);
  await waitFor(() => expect(told()).toEqual(['“Nightly build” was answered after 15 s']));
});

test('the end of a sub-agent is no news, its question is', async () => {
  answer('GET /api/v1/sessions/{id}', {
    id: 'ses_1',
    title: 'Nightly build',
    surface: 'agent',
    parent_id: 'ses_0',
  });
  await openAt('/');
  turn('trn_1', 'turn.completed', 15);
  emit('turn.started', 0, { turn_id: 'trn_2', model: 'a/b' });
  emit('approval.needed', 20, { turn_id: 'trn_2' });
  await waitFor(() => expect(told()).toEqual(['“Nightly build” waits for you']));
});

test('a note that comes while the tab is hidden stays until it was in sight', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  hideTab();
  render(<Toasts />);
  act(() => toast('It is done'));
  act(() => void vi.advanceTimersByTime(60_000));
  expect(screen.getByText('It is done')).toBeTruthy();
  Reflect.deleteProperty(document, 'visibilityState');
  act(() => void document.dispatchEvent(new Event('visibilitychange')));
  act(() => void vi.advanceTimersByTime(7_000));
  expect(screen.queryByText('It is done')).toBeNull();
});
