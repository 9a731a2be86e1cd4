// SPDX-License-Identifier: MIT
import { QueryClient } from '@tanstack/react-query';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Bus, BusEvent } from './bus';
import { keysOf, resync } from './resync';

test.each([
  ['approval.needed', 'approvals'],
  ['turn.completed', 'messages'],
  ['cost.updated', 'budgets'],
  ['process.ended', 'processes'],
])('%s makes %s stale', (event, key) => expect(keysOf(event)).toContain(key));

test('what streams makes nothing stale', () => {
  expect(keysOf('turn.delta')).toEqual([]);
  expect(keysOf('tool.output')).toEqual([]);
  expect(keysOf('process.output')).toEqual([]);
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

// Which of these a page asks for again when something was set up elsewhere.
function staleAfter(...whats: string[]): string[] {
  let tell: (event: BusEvent) => void = () => undefined;
  const on = (_: string, call: (event: BusEvent) => void) => {
    tell = call;
    return () => undefined;
  };
  const queries = new QueryClient();
  const all = ['agents', 'config', 'memory', 'models', 'providers', 'secrets', 'settings', 'vault'];
  for (const key of all) queries.setQueryData([key], 1);
  const stop = resync({ on } as unknown as Bus, queries);
  for (const what of whats) tell({ event: 'settings.changed', payload: { what } } as unknown as BusEvent);
  vi.advanceTimersByTime(200);
  stop();
  return all.filter((key) => queries.getQueryState([key])?.isInvalidated);
}

test('what was set up elsewhere makes stale what shows it, and nothing else', () => {
  expect(staleAfter('config')).toEqual(['config', 'models', 'settings']);
  expect(staleAfter('memory')).toEqual(['memory']);
  expect(staleAfter('agents', 'secrets')).toEqual(['agents', 'providers', 'secrets', 'vault']);
});

test('a kind that this page does not know makes nothing stale', () => {
  expect(staleAfter('channels')).toEqual([]);
});
