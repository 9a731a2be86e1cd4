// SPDX-License-Identifier: MIT
import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import {
  type Asked,
  answer,
  asked,
  expectAccessible,
  problem,
  renderPage,
  startFakeDaemon,
} from '../../../test/page';
import { ProcessesPage } from './processes-page';
import type { Process } from './queries';

const kThen = '2026-01-01T00:00:00.000Z';

const one = (id: string, more: Partial<Process> = {}): Process => ({
  id,
  session_id: 'ses_1',
  scope: 'session',
  mode: 'pump-dump',
  tag: '',
  command: `npm run ${id}`,
  cwd: '/home/me/project',
  hosts: [],
  state: 'running',
  exit_code: null,
  signal: null,
  reason: '',
  started_at: kThen,
  ended_at: null,
  ...more,
});
const ended = (id: string, more: Partial<Process>) => one(id, { ended_at: kThen, ...more });
const line = (number: number, text: string, stream: 'stdout' | 'stderr' = 'stdout') => ({
  number,
  stream,
  text,
  complete: true,
});

const kAll = [
  one('prc_4', { tag: 'dev server' }),
  ended('prc_3', { state: 'exited', exit_code: 3, session_id: 'ses_2' }),
  ended('prc_2', { state: 'exited', exit_code: 0 }),
  ended('prc_1', { state: 'killed', signal: 9 }),
];

// A daemon that has these, and knows of a stop.
function fake(processes: Process[]) {
  let now = processes;
  answer('GET /api/v1/processes', ({ query }: Asked) => ({
    items: now.filter((row) => [null, row.session_id].includes(query.get('session_id'))),
    next_cursor: null,
  }));
  const named = ({ path }: Asked) => now.find((row) => path.includes(row.id));
  answer('GET /api/v1/processes/{id}', (call: Asked) => {
    return named(call) ?? problem(404, 'PRYX-1003', 'there is no such process');
  });
  answer('DELETE /api/v1/processes/{id}', (call: Asked) => {
    now = now.map((row) =>
      row === named(call) ? { ...row, state: 'killed' as const, signal: 9, ended_at: kThen } : row,
    );
    return named(call);
  });
}

const told = (method: string) => asked.filter((call) => call.method === method);
const open = (at: string) => renderPage(<ProcessesPage />, { at });

beforeEach(() => {
  startFakeDaemon();
  // There is no layout here: a list is given a height, so that it has rows.
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(600);
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1200);
});

test('each with its command and how it stands, whichever session started it', async () => {
  fake(kAll);
  const { container } = open('/processes');
  expect(await screen.findByText('npm run prc_4')).toBeTruthy();
  const grid = within(screen.getByRole('grid', { name: 'Background processes, newest first' }));
  for (const state of ['running', 'exited with 3', 'exited', 'killed by signal 9'])
    expect(grid.getByText(state)).toBeTruthy();
  expect(screen.getByText('1 running')).toBeTruthy();
  await expectAccessible(container);
});

test('those of a session, as the address says, and back to all', async () => {
  fake(kAll);
  const { router } = open('/processes?session=ses_2');
  expect(await screen.findByText('npm run prc_3')).toBeTruthy();
  expect(screen.queryByText('npm run prc_4')).toBeNull();
  expect(asked[0]?.query.get('session_id')).toBe('ses_2');
  await userEvent.click(screen.getByRole('button', { name: 'Show all, not only those of ses_2' }));
  expect(await screen.findByText('npm run prc_4')).toBeTruthy();
  expect(router.state.location.search).toEqual({});
});

test('state and words narrow the list; when nothing is left there is a way back', async () => {
  fake(kAll);
  const { router } = open('/processes?state=running');
  expect(await screen.findByText('npm run prc_4')).toBeTruthy();
  expect(screen.queryByText('npm run prc_3')).toBeNull();
  await userEvent.type(screen.getByLabelText('Filter by command, tag or folder'), 'zebra');
  expect(await screen.findByText('No process fits')).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: 'Clear filters (2)' }));
  expect(await screen.findByText('npm run prc_1')).toBeTruthy();
  expect(router.state.location.search).toEqual({});
});

test('the details show the end of the output, say what is error output, and follow what runs', async () => {
  let lines = [line(1, 'listening on 8080'), line(2, 'bell\u0007', 'stderr')];
  answer('GET /api/v1/processes', { items: [one('prc_4')], next_cursor: null });
  answer('GET /api/v1/processes/{id}', () => one('prc_4', { lines, total_lines: 1234 }));
  const { container } = open('/processes?process=prc_4');
  const output = await screen.findByRole('region', { name: 'Output' });
  expect(output.textContent).toContain('listening on 8080');
  expect(within(output).getAllByText('error output')).toHaveLength(1);
  // What cannot be seen is shown.
  expect(output.textContent).not.toContain('\u0007');
  expect(screen.getByText('The last 2 of 1,234 lines.')).toBeTruthy();
  expect(asked.find((call) => call.path.endsWith('/prc_4'))?.query.get('lines')).toBe('100');
  await expectAccessible(container);
  lines = [...lines, line(3, 'GET / 200')];
  expect(await screen.findByText('GET / 200')).toBeTruthy();
});

test('one that ended takes neither input nor a stop', async () => {
  fake([ended('prc_3', { state: 'exited', exit_code: 3, lines: [line(1, 'no such file', 'stderr')] })]);
  open('/processes?process=prc_3');
  expect(await screen.findByText('no such file')).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Send line' })).toBeNull();
  expect(screen.queryByRole('button', { name: 'Stop process' })).toBeNull();
});

test('a line of input is sent as it is, and the input can be closed', async () => {
  const user = userEvent.setup();
  fake(kAll);
  answer('POST /api/v1/processes/{id}/input', { status: 204, body: null });
  open('/processes?process=prc_4');
  const field = (await screen.findByRole('textbox', { name: 'Input' })) as HTMLInputElement;
  await user.type(field, ' yes {Enter}');
  await waitFor(() => expect(field.value).toBe(''));
  await user.click(screen.getByRole('button', { name: 'Close its input' }));
  await waitFor(() => expect(told('POST')).toHaveLength(2));
  expect(told('POST').map(({ path, body }) => [path, body])).toEqual([
    ['/api/v1/processes/prc_4/input', { text: ' yes \n' }],
    ['/api/v1/processes/prc_4/input', { close: true }],
  ]);
});

test('input that is refused stays in the field, with the reason', async () => {
  fake(kAll);
  answer('POST /api/v1/processes/{id}/input', problem(409, 'PRYX-1409', 'its input is closed'));
  open('/processes?process=prc_4');
  const field = (await screen.findByRole('textbox', { name: 'Input' })) as HTMLInputElement;
  await userEvent.type(field, 'yes{Enter}');
  expect(await screen.findByText('its input is closed')).toBeTruthy();
  expect(field.value).toBe('yes');
});

test('one is stopped after a question that names it', async () => {
  const user = userEvent.setup();
  fake(kAll);
  open('/processes?process=prc_4');
  await user.click(await screen.findByRole('button', { name: 'Stop process' }));
  const dialog = await screen.findByRole('dialog', { name: 'Stop dev server?' });
  expect(dialog.textContent).toContain('npm run prc_4');
  expect(told('DELETE')).toEqual([]);
  await expectAccessible(dialog);
  await user.click(within(dialog).getByRole('button', { name: 'Stop process' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(told('DELETE').map(({ path }) => path)).toEqual(['/api/v1/processes/prc_4']);
  expect(await screen.findByText('none running')).toBeTruthy();
  await waitFor(() => expect(screen.queryByRole('button', { name: 'Stop process' })).toBeNull());
});

test('one that the daemon has forgotten is said to be gone', async () => {
  fake(kAll);
  open('/processes?process=prc_0');
  expect(await screen.findByText('there is no such process')).toBeTruthy();
});
