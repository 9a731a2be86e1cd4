// SPDX-License-Identifier: MIT
import { QueryClient } from '@tanstack/react-query';
import { expect, test, vi } from 'vitest';
import { api } from './client';
import { sendAgain, sendMessage, useOutbox } from './outbox';
import { Unreachable } from './problem';

const queries = new QueryClient();

test('what waits for the daemon keeps its order and outlives a reload', async () => {
  const sent: string[] = [];
  let away = true;
  vi.spyOn(api, 'POST').mockImplementation((async (_path: string, given: { body: { text?: string } }) => {
    if (away) throw new Unreachable();
    sent.push(given.body.text ?? '');
    return { data: {}, response: new Response() };
  }) as never);
  sendMessage(queries, 'ses_1', 'one');
  sendMessage(queries, 'ses_1', 'two');
  await vi.waitFor(() =>
    expect(useOutbox.getState().items.every((item) => item.error instanceof Unreachable)).toBe(true),
  );
  expect(JSON.parse(sessionStorage.getItem('pryx_outbox') ?? '[]')).toMatchObject([
    { text: 'one', session: 'ses_1' },
    { text: 'two', session: 'ses_1' },
  ]);
  vi.resetModules();
  const reloaded = await import('./outbox');
  expect(reloaded.useOutbox.getState().items.map((item) => item.text)).toEqual(['one', 'two']);
  away = false;
  void sendAgain(queries);
  await vi.waitFor(() => expect(sent).toEqual(['one', 'two']));
  await vi.waitFor(() => expect(sessionStorage.getItem('pryx_outbox')).toBeNull());
});
