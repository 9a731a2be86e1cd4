// SPDX-License-Identifier: MIT
import { expect, test, vi } from 'vitest';
import type { Events } from '@/api/schema';
import type { EventName } from '@/bus/bus';
import { type LiveEvent, LiveTurns } from './live';

const delta = (offset: number, text: string, step = 's1'): LiveEvent => ({
  event: 'turn.delta',
  payload: { turn_id: 't', step_id: step, part: 'text', offset, text },
});
const started = (attempt: number): LiveEvent => ({
  event: 'step.started',
  payload: { turn_id: 't', step_id: 's1', kind: 'model', attempt, model: 'fake/words' },
});
const turn = (text: string, attempt = 1) =>
  ({
    id: 't',
    steps: [{ id: 's1', attempt }],
    partial: [{ step_id: 's1', part: 'text', text }],
  }) as never;
const textOf = (turns: LiveTurns) => turns.get('t').steps[0]?.text.text;

test('a restart in the middle loses and doubles nothing', () => {
  const turns = new LiveTurns();
  const missing = vi.fn();
  turns.onMissing = missing;
  turns.take(started(1));
  turns.take(delta(0, 'Hello '));
  turns.take(delta(12, 'again'));
  expect(missing).toHaveBeenCalledWith('t');
  expect(textOf(turns)).toBe('Hello ');
  turns.takeWhole(turn('Hello world '));
  expect(textOf(turns)).toBe('Hello world again');
  turns.take(delta(12, 'again'));
  expect(textOf(turns)).toBe('Hello world again');
});

test('another try begins anew, and what is left of the first is not joined to it', () => {
  const turns = new LiveTurns();
  turns.take(started(1));
  turns.take(delta(0, 'first try'));
  turns.take(started(2));
  turns.take(delta(0, 'se'));
  turns.takeWhole(turn('first try and more', 1));
  turns.take(delta(2, 'cond'));
  expect(textOf(turns)).toBe('second');
});

test('the page hears of a burst once', async () => {
  vi.useFakeTimers();
  const turns = new LiveTurns();
  const told = vi.fn();
  turns.subscribe('t', told);
  for (let i = 0; i < 50; i += 1) turns.take(delta(i, 'x'));
  vi.advanceTimersByTime(40);
  expect(told).toHaveBeenCalledOnce();
  expect(textOf(turns)).toHaveLength(50);
  vi.useRealTimers();
});

test('tools, retries and another model', () => {
  const turns = new LiveTurns();
  // Of each event what is shown of it.
  const take = <Name extends EventName>(event: Name, payload: Partial<Events[Name]>) =>
    turns.take({ event, payload } as never);
  const payload = { turn_id: 't', step_id: 'c1', tool: 'shell.exec' };
  take('tool.requested', { ...payload, rendering: 'shell.exec ls' });
  take('tool.started', payload);
  take('tool.output', { turn_id: 't', step_id: 'c1', offset: 0, text: 'a\n' });
  expect(turns.get('t').steps[0]).toMatchObject({ rendering: 'shell.exec ls', running: true });
  take('tool.finished', payload);
  expect(turns.get('t').steps[0]).toMatchObject({ running: false, output: { text: 'a\n' } });
  take('turn.retrying', { turn_id: 't', step_id: 's1', reason: 'busy', delay_ms: 50 });
  expect(turns.get('t').retry).toMatchObject({ reason: 'busy', step: null });
  take('turn.fallback', { turn_id: 't', step_id: 's1', text: 'other answers' });
  expect(turns.get('t')).toMatchObject({ retry: null, notices: ['other answers'] });
  const away = { reason: 'away', detail: 'no route', delay_ms: 50, waits: true };
  take('turn.retrying', { turn_id: 't', step_id: 's2', ...away });
  const waiting = { reason: 'away', detail: 'no route', step: 's2' };
  expect(turns.get('t')).toMatchObject({ retry: waiting, notices: [] });
});
