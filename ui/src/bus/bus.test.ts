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
  send() {}
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
