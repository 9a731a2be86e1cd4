// SPDX-License-Identifier: MIT
import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { bus, useBusState } from '@/bus/bus';
import { Toasts } from '@/ui/toast';
import { answer, asked, expectAccessible, renderPage, startFakeDaemon } from '../../test/page';
import StopDialog from './stop-dialog';

const kReport = { scope: 'all', at: '2026-11-22T10:00:00.000Z', turn_count: 2, processes: [] };

beforeEach(startFakeDaemon);
afterEach(() => useBusState.setState({ connection: 'connecting' }));

async function press() {
  const onClose = vi.fn();
  renderPage(
    <>
      <StopDialog onClose={onClose} />
      <Toasts />
    </>,
  );
  const stop = await screen.findByRole('button', { name: 'Stop everything' });
  await userEvent.click(stop);
  return onClose;
}

test('everything is stopped by the open line', async () => {
  const request = vi.spyOn(bus, 'request').mockResolvedValue(kReport);
  const onClose = await press();
  await waitFor(() => expect(onClose).toHaveBeenCalled());
  expect(request).toHaveBeenCalledWith('stop', { all: true }, expect.any(Number));
  expect(asked).toEqual([]);
});

test('when that line is dead, or seems to be away, a request of its own does it', async () => {
  useBusState.setState({ connection: 'offline' });
  vi.spyOn(bus, 'request').mockRejectedValue(new Error('no answer'));
  answer('POST /api/v1/stop', kReport);
  const onClose = await press();
  await waitFor(() => expect(onClose).toHaveBeenCalled());
  expect(asked.map((one) => [one.path, one.body])).toEqual([['/api/v1/stop', { all: true }]]);
});

test('when both fail, it says that nobody knows', async () => {
  vi.spyOn(bus, 'request').mockRejectedValue(new Error('no answer'));
  const onClose = await press();
  expect(await screen.findByText('It is not known whether everything was stopped')).toBeTruthy();
  expect(onClose).not.toHaveBeenCalled();
  await expectAccessible(screen.getByRole('dialog'));
});
