// SPDX-License-Identifier: MIT
import { act, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { bus } from '@/bus/bus';
import { useFailures } from '@/ui/failures';
import { expectAccessible, renderPage, startFakeDaemon } from '../../test/page';
import { useDaemonErrors } from './daemon-errors';
import { Failures } from './failures';

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

let version = 0;
function emit(payload: Record<string, unknown>) {
  version += 1;
  const data = JSON.stringify({ type: 'event', version, event: 'error.occurred', payload });
  act(() => void FakeSocket.last?.dispatchEvent(Object.assign(new Event('message'), { data })));
}

function Elsewhere() {
  useDaemonErrors();
  return (
    <>
      <Failures />
      <p>The page</p>
    </>
  );
}

beforeEach(() => {
  startFakeDaemon();
  vi.stubGlobal('WebSocket', FakeSocket);
  bus.start(null);
});
afterEach(() => {
  bus.stop();
  useFailures.setState({ failures: [] });
  vi.unstubAllGlobals();
});

const kFile = '/home/me/.pryx/config/config.yaml';

test('a file that cannot come into force is told on every page, with its reason and what to try', async () => {
  const { container, queries } = renderPage(<Elsewhere />);
  await screen.findByText('The page');
  for (const key of ['config', 'agents']) queries.setQueryData([key], 1);
  emit({ area: 'config', path: kFile, detail: 'line 3: not a number', try: 'pryx config edit' });
  expect(await screen.findByText(`Not taken over: ${kFile}`)).toBeTruthy();
  expect(screen.getAllByText(/line 3: not a number/)[0]?.textContent).toContain('To try: pryx config edit');
  expect(queries.getQueryState(['config'])?.isInvalidated).toBe(true);
  expect(queries.getQueryState(['agents'])?.isInvalidated).toBe(false);
  await expectAccessible(container);
  // The next attempt at the same file takes its place.
  emit({ area: 'config', path: kFile, detail: 'line 4: no such key', try: 'pryx config edit' });
  expect((await screen.findAllByText(/line 4: no such key/)).length).toBeGreaterThan(0);
  expect(screen.getAllByRole('alert')).toHaveLength(1);
  await userEvent.click(screen.getByRole('button', { name: 'Dismiss' }));
  expect(screen.queryByRole('alert')).toBeNull();
});

test('what is no file is told by its area', async () => {
  renderPage(<Elsewhere />);
  await screen.findByText('The page');
  emit({ area: 'disk', detail: 'nearly full' });
  expect(await screen.findByText('The daemon needs a look: disk')).toBeTruthy();
});
