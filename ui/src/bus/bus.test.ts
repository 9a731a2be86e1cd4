// SPDX-License-Identifier: MIT
import { QueryClient } from '@tanstack/react-query';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Bus, useBusState } from './bus';
import { resync } from './resync';

class FakeSocket extends EventTarget {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = 0;
  constructor(readonly url: string) {
    super();
    FakeSocket.all.push(this);
  }
  open() {
    this.readyState = 1;
    this.dispatchEvent(new Event('open'));
  }
  close() {
    this.dispatchEvent(new Event('close'));
  }
  sent: string[] = [];
  send(text: string) {
    this.sent.push(text);
  }
  say(message: object) {
    this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(message) }));
  }
}

const last = () => FakeSocket.all.at(-1) as FakeSocket;
let bus: Bus;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', FakeSocket);
  FakeSocket.all = [];
  bus = new Bus();
});
afterEach(() => {
  bus.stop();
  useBusState.setState({ connection: 'connecting', offlineSince: null, retryAt: null });
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function outage() {
  last().close();
  await vi.advanceTimersByTimeAsync(1000);
  last().open();
}

test('it says that the daemon is back after an outage, not at the start', async () => {
  bus.onBack = vi.fn();
  bus.start(7);
  last().open();
  expect(bus.onBack).not.toHaveBeenCalled();
  await outage();
  expect(bus.onBack).toHaveBeenCalledTimes(1);
  expect(last().url).toContain('since=7');
});

test('after an outage what failed, the status and what no event tells of are asked for again', async () => {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  for (const key of ['status', 'providers', 'sessions']) queries.setQueryData([key], 1);
  await queries
    .fetchQuery({ queryKey: ['sessions', 'failed'], queryFn: () => Promise.reject(new Error('away')) })
    .catch(() => {});
  const end = resync(bus, queries);
  bus.start(7);
  last().open();
  await outage();
  const stale = (key: string[]) => queries.getQueryState(key)?.isInvalidated;
  expect(stale(['status'])).toBe(true);
  expect(stale(['providers'])).toBe(true);
  expect(stale(['sessions', 'failed'])).toBe(true);
  // Its events come now.
  expect(stale(['sessions'])).toBe(false);
  end();
});

const connection = () => useBusState.getState().connection;

test('a line on which nothing is heard is asked, and given up when it stays silent', async () => {
  bus.start(7);
  const line = last();
  line.open();
  for (let beat = 0; beat < 3; beat += 1) {
    await vi.advanceTimersByTimeAsync(20_000);
    expect(line.sent.map((text) => JSON.parse(text).event)).toEqual(Array(beat + 1).fill('ping'));
    line.say({ type: 'response', event: 'ping', request_id: null, payload: { pong: true } });
  }
  await vi.advanceTimersByTimeAsync(20_000);
  expect(connection()).toBe('live');
  // Its own end never comes.
  line.close = () => {};
  await vi.advanceTimersByTimeAsync(10_000);
  expect(connection()).toBe('offline');
  await vi.advanceTimersByTimeAsync(1000);
  expect(last()).not.toBe(line);
  last().open();
  expect(connection()).toBe('live');
  // What comes on the old one after all is not taken a second time.
  const heard = vi.fn();
  bus.on('*', heard);
  line.say({ type: 'event', event: 'bus.reset', version: 9, payload: {} });
  line.dispatchEvent(new Event('close'));
  expect(heard).not.toHaveBeenCalled();
  expect(connection()).toBe('live');
});

test('a line that does not open, and a question before it that is not answered, are given up', async () => {
  bus.start(7);
  const line = last();
  bus.mayConnect = vi.fn(() => new Promise<boolean>(() => {}));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(connection()).toBe('offline');
  await vi.advanceTimersByTimeAsync(1000);
  expect(bus.mayConnect).toHaveBeenCalledTimes(1);
  bus.mayConnect = async () => true;
  await vi.advanceTimersByTimeAsync(12_000);
  expect(last()).not.toBe(line);
});

test('a request without an answer ends', async () => {
  bus.start(7);
  last().open();
  const told = vi.fn();
  bus.request('stop', { all: true }, 3000).catch(told);
  const [sent = ''] = last().sent;
  await vi.advanceTimersByTimeAsync(3000);
  expect(told).toHaveBeenCalledTimes(1);
  last().say({ type: 'response', request_id: JSON.parse(sent).request_id, payload: {} });
  expect(connection()).toBe('live');
});

test('when the daemon cannot tell what was missed, all is asked for again, whole transcripts too', async () => {
  const queries = new QueryClient();
  for (const key of ['status', 'sessions', 'providers']) queries.setQueryData([key], 1);
  queries.setQueryData(['messages', 'ses_1'], { items: ['a', 'b'], older: true, stale: false });
  const end = resync(bus, queries);
  bus.start(7);
  last().open();
  last().say({ type: 'event', event: 'bus.reset', version: 9, payload: {} });
  for (const key of [['status'], ['sessions'], ['providers'], ['messages', 'ses_1']])
    expect(queries.getQueryState(key)?.isInvalidated, key[0]).toBe(true);
  expect(queries.getQueryData(['messages', 'ses_1'])).toEqual({
    items: ['a', 'b'],
    older: true,
    stale: true,
  });
  // What is asked for next is joined to the version that the daemon named.
  await outage();
  expect(last().url).toContain('since=9');
  end();
});
