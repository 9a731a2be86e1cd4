// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { sentenceEnd, spoken } from './sentences';
import { type Message, type Part, rowOf, textOf, toRows, turnsOf } from './transcript';

let ids = 0;
function message(
  role: Message['role'],
  turn: string | null,
  parts: Partial<Part>[],
  step: string | null = null,
) {
  ids += 1;
  return {
    id: `msg_${ids}`,
    session_id: 'ses_1',
    role,
    turn_id: turn,
    step_id: step,
    parts: parts.map((part) => ({ type: 'text', state: 'complete', text: '', labels: [], ...part }) as Part),
    created_at: '2026-01-01T00:00:00Z',
  } satisfies Message;
}

test('a message that waits does not cut the turn before it in two', () => {
  const rows = toRows([
    message('user', 't1', [{ text: 'one' }]),
    message('user', 't2', [{ text: 'two' }]),
    message('assistant', 't1', [{ text: 'first' }], 's1'),
  ]);
  expect(rows.map((row) => row.kind)).toEqual(['user', 'answer', 'end', 'user', 'end']);
});

test('a result stands beside its call, and alone when the call is not there', () => {
  const call = message('assistant', 't', [{ type: 'tool_call', step_id: 'c1', tool: 'fs.list' }], 's1');
  const result = message('tool', 't', [{ type: 'tool_result', step_id: 'c1', text: 'a.txt' }], 'c1');
  const rows = toRows([call, result]);
  expect(rows).toHaveLength(2);
  const [row] = rows;
  expect(row?.kind === 'answer' && row.results.get('c1')?.text).toBe('a.txt');
  expect(toRows([result])[0]?.kind).toBe('answer');
});

test('a summary is a mark, and what streams is left to the bus', () => {
  const rows = toRows([
    message('system', null, [{ type: 'summary', count: 12 }]),
    message('assistant', 't', [{ state: 'streaming', text: 'hal' }], 's1'),
  ]);
  expect(rows.map((row) => row.kind)).toEqual(['mark', 'end']);
  expect(rows[1]?.kind === 'end' && rows[1].shown.steps.has('s1')).toBe(false);
});

test('an interrupted try folds when another one follows, and stays when none does', () => {
  const halted = () => message('assistant', 't', [{ state: 'interrupted', text: 'hal' }], 's1');
  const again = (rows: ReturnType<typeof toRows>) =>
    rows.flatMap((row) => (row.kind === 'answer' ? [row.again] : []));
  expect(again(toRows([halted()]))).toEqual([false]);
  const rows = toRows([halted(), message('assistant', 't', [{ text: 'whole' }], 's1')]);
  expect(again(rows)).toEqual([true, false]);
  const end = rows.at(-1);
  expect(end?.kind === 'end' && end.shown.halted.get('s1')).toBe(1);
  expect(end?.kind === 'end' && end.shown.steps.has('s1')).toBe(true);
});

test('turns and texts', () => {
  const messages = [message('user', 't1', [{ text: 'a' }, { text: 'b' }]), message('assistant', 't1', [])];
  expect(turnsOf(messages)).toEqual(['t1']);
  expect(textOf(messages[0] as Message)).toBe('a\n\nb');
});

test('an address points at a step, else at its turn', () => {
  const rows = toRows([
    message('user', 't1', [{ text: 'one' }]),
    message('assistant', 't1', [{}, { type: 'tool_call', step_id: 'c1' }], 's1'),
    message('user', 't2', [{ text: 'two' }]),
  ]);
  expect(rowOf(rows, { turn: 't1', step: 'c1' })).toBe(1);
  expect(rowOf(rows, { turn: '', step: 's1' })).toBe(1);
  expect(rowOf(rows, { turn: 't2', step: 'gone' })).toBe(3);
  expect(rowOf(rows, { turn: 'gone', step: '' })).toBe(-1);
  expect(rowOf(rows, { turn: '', step: '' })).toBe(-1);
});

test('only complete sentences are spoken, without marks', () => {
  const text = 'The **build** is slow. It takes 4.5 minutes! And th';
  const end = sentenceEnd(text, 0);
  expect(spoken(text.slice(0, end))).toBe('The build is slow. It takes 4.5 minutes!');
  expect(sentenceEnd(text, end)).toBe(end);
  expect(spoken('See [this](http://x):\n```js\ncode\n```')).toBe('See this: (code)');
});

test('2,000 messages become rows in a blink', () => {
  const many = Array.from({ length: 1000 }, (_, i) => [
    message('user', `t${i}`, [{ text: 'q' }]),
    message('assistant', `t${i}`, [{ text: 'a' }], `s${i}`),
  ]).flat();
  const begin = performance.now();
  expect(toRows(many)).toHaveLength(3000);
  expect(performance.now() - begin).toBeLessThan(200);
});
