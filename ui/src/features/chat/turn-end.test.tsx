// SPDX-License-Identifier: MIT
import { act, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { addMessages } from '@/i18n';
import { answer, renderPage, startFakeDaemon } from '../../../test/page';
import { live } from './live';
import { chatMessages } from './messages';
import { TurnEnd } from './turn-end';

addMessages(chatMessages);
beforeEach(startFakeDaemon);

const kBegunMs = 2_000;

test('work of over ten seconds says what it does, for how long, and can be stopped; its end takes that away', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const user = userEvent.setup();
  const begun = new Date(Date.now() - kBegunMs).toISOString();
  const running = {
    id: 'trn_1',
    session_id: 'ses_1',
    state: 'running',
    surface: 'web',
    model: 'a/asked',
    answered_by: null,
    message_id: 'msg_1',
    usage: {
      input_tokens: 10,
      output_tokens: 2,
      cached_input_tokens: 0,
      cache_write_tokens: 0,
      reasoning_tokens: 0,
      estimated: false,
    },
    cost: null,
    unpriced_calls: 0,
    trace_id: '0'.repeat(32),
    denied_calls: 0,
    error: null,
    created_at: begun,
    started_at: begun,
    ended_at: null,
    steps: [],
    partial: [],
  };
  answer('GET /api/v1/turns/{id}', running);
  live.take({
    event: 'tool.started',
    payload: { turn_id: 'trn_1', step_id: 'stp_1', tool: 'shell.exec', attempt: 1 },
  });
  const stop = vi.fn();
  const { queries } = renderPage(
    <TurnEnd
      id="trn_1"
      shown={{ steps: new Set(), halted: new Map() }}
      approvals={[]}
      catchingUp={false}
      commands={{ model: 'a/asked', retry: async () => {}, switchModel: () => {}, undo: () => {}, stop }}
    />,
  );
  expect(await screen.findByText('Running shell.exec')).toBeTruthy();
  act(() => void vi.advanceTimersByTime(7_000));
  expect(screen.queryByText('This takes a while.')).toBeNull();
  expect(screen.queryByRole('button', { name: 'Stop answer' })).toBeNull();
  act(() => void vi.advanceTimersByTime(3_000));
  expect(screen.getByText('This takes a while.')).toBeTruthy();
  expect(screen.getByText('12 s')).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Stop answer' }));
  expect(stop).toHaveBeenCalledWith(expect.objectContaining({ id: 'trn_1' }));
  const ended = { ...running, state: 'cancelled', ended_at: new Date().toISOString() };
  act(() => void queries.setQueryData(['turns', 'trn_1'], ended));
  expect(await screen.findByText('stopped')).toBeTruthy();
  expect(screen.queryByText('This takes a while.')).toBeNull();
});
