// SPDX-License-Identifier: MIT
import { act, screen, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Sending, useOutbox } from '@/api/outbox';
import { Unreachable } from '@/api/problem';
import { useBusState } from '@/bus/bus';
import { Toasts } from '@/ui/toast';
import { answer, asked, expectAccessible, problem, renderPage, startFakeDaemon } from '../../test/page';
import { OfflineBanner } from './offline-banner';
import { useResend } from './resend';

const waiting = (key: string, session: string): Sending => ({
  key,
  session,
  text: key,
  images: [],
  error: new Unreachable(),
});

// A page that shows none of the conversations.
function Elsewhere() {
  useResend();
  return (
    <>
      <OfflineBanner />
      <p>The page</p>
      <Toasts />
    </>
  );
}

const connect = (connection: 'live' | 'offline') =>
  act(() => useBusState.setState({ connection, offlineSince: connection === 'live' ? null : Date.now() }));

beforeEach(() => {
  startFakeDaemon();
  useBusState.setState({ connection: 'offline', offlineSince: Date.now() });
  useOutbox.setState({ items: [waiting('one', 'ses_1'), waiting('two', 'ses_2')] });
});
afterEach(() => {
  useBusState.setState({ connection: 'connecting', offlineSince: null });
  useOutbox.setState({ items: [] });
});

test('what waits is counted while the daemon is away, and sent from any page when it is back', async () => {
  answer('POST /api/v1/sessions/{id}/messages', { id: 'msg_1' });
  const { container } = renderPage(<Elsewhere />);
  expect(await screen.findByText('2 messages wait and are sent when it is back.')).toBeTruthy();
  await expectAccessible(container);
  expect(asked).toEqual([]);
  connect('live');
  await waitFor(() => expect(useOutbox.getState().items).toEqual([]));
  expect(asked.map((one) => [one.path, (one.body as { text: string }).text])).toEqual([
    ['/api/v1/sessions/ses_1/messages', 'one'],
    ['/api/v1/sessions/ses_2/messages', 'two'],
  ]);
  expect(screen.queryByText(/was refused/)).toBeNull();
});

test('what is refused then stays, and is told with the way to it', async () => {
  answer('POST /api/v1/sessions/ses_1/messages', { id: 'msg_1' });
  answer('POST /api/v1/sessions/ses_2/messages', problem(409, 'PRYX-1409', 'The conversation is archived.'));
  renderPage(<Elsewhere />);
  await screen.findByText('The page');
  connect('live');
  expect(await screen.findByText('A message that waited was refused')).toBeTruthy();
  expect(screen.getByRole('link', { name: 'Open the conversation' }).getAttribute('href')).toBe(
    '/chat/ses_2',
  );
  expect(useOutbox.getState().items.map((one) => one.key)).toEqual(['two']);
});
