// SPDX-License-Identifier: MIT
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keepCsrfToken } from '@/api/credentials';
import { Problem } from '@/api/problem';
import { queryClient } from '@/api/query-client';
import { bus } from '@/bus/bus';
import { answer, problem, startFakeDaemon } from '../../test/page';
import { signIn, useAccess } from './session';

beforeEach(() => {
  startFakeDaemon();
  vi.spyOn(bus, 'start').mockImplementation(() => {});
  keepCsrfToken('token');
});
afterEach(() => queryClient.clear());

test('a daemon that comes back in safe mode says so at once', async () => {
  answer('GET /api/v1/status', { mode: 'normal', event_version: 1 });
  await signIn();
  answer('GET /api/v1/status', { mode: 'safe', safe_mode_reason: 'five crashes', event_version: 1 });
  expect(await bus.mayConnect()).toBe(true);
  expect(queryClient.getQueryData(['status'])).toMatchObject({ mode: 'safe' });
});

test('a browser that is no longer known is sent to the door', async () => {
  answer('GET /api/v1/status', { mode: 'normal', event_version: 1 });
  await signIn();
  answer('GET /api/v1/status', problem(401, 'PRYX-1401', 'over'));
  expect(await bus.mayConnect()).toBe(false);
  expect(useAccess.getState().state).toBe('out');
});

// Nothing but the status tells whether this browser is known: an export of a locked vault's keys answers 401, too.
test('what a locked vault refuses signs nobody out', async () => {
  answer('GET /api/v1/status', { mode: 'normal', event_version: 1 });
  await signIn();
  const refused = () =>
    Promise.reject(new Problem(401, { code: 'PRYX-1401', detail: 'the vault is locked' }));
  await queryClient.fetchQuery({ queryKey: ['export'], queryFn: refused }).catch(() => {});
  expect(useAccess.getState().state).toBe('in');
  // The control: the same answer to the status does.
  queryClient.removeQueries({ queryKey: ['status'] });
  await queryClient.fetchQuery({ queryKey: ['status'], queryFn: refused }).catch(() => {});
  expect(useAccess.getState().state).toBe('out');
});
