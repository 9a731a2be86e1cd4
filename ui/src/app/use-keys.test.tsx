// SPDX-License-Identifier: MIT
// Going to another page by keyboard is never an answer: a question and a list leave the second letter of a sequence alone.
import { fireEvent, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { useActionRegistry } from '@/actions/actions';
import { ApprovalCard } from '@/parts/approval-card';
import type { Approval } from '@/parts/use-approval-answer';
import { VirtualTable } from '@/ui/list';
import { answer, asked, renderPage, startFakeDaemon } from '../../test/page';
import { kNav } from './nav';
import { useKeys } from './use-keys';

const kWhen = '2026-09-21T14:13:20.000Z';
const approval: Approval = {
  id: 'apr_1',
  session_id: 'ses_1',
  turn_id: 'trn_1',
  step_id: 'stp_1',
  tool: 'shell.exec',
  arguments: { command: 'make' },
  rendering: 'shell.exec make',
  preview: null,
  shown_whole: true,
  confirm_code: null,
  call_hash: 'sha256:cd',
  bound: {} as never,
  reason: 'no rule matches shell.exec',
  risk: 'high',
  labels: ['owner'],
  changes: [],
  replaces: null,
  plan_id: null,
  rule_suggestion: 'shell.exec(command: "make")',
  state: 'pending',
  created_at: kWhen,
  expires_at: new Date(Date.now() + 240_000).toISOString(),
  resolved_at: null,
  resolved_by: null,
  scope: null,
  answer_reason: null,
  launch_by: null,
  used_at: null,
};

const go = vi.fn();
let remove = () => {};
beforeEach(() => {
  startFakeDaemon();
  answer('GET /api/v1/sessions/{id}', { id: 'ses_1', title: 'Build', agent: 'default' });
  answer('POST /api/v1/approvals/{id}', { ...approval, state: 'approved' });
  answer('POST /api/v1/policy/test', {
    decision: 'ask',
    rule: null,
    reason: 'no rule matches shell.exec',
    considered: [],
    step: 6,
    forced: false,
  });
  go.mockReset();
  remove = useActionRegistry.getState().add(
    kNav.map((item) => ({
      id: `go.${item.id}`,
      label: item.id,
      group: 'Go to',
      keys: [item.keys],
      run: () => go(item.id),
    })),
  );
});
afterEach(() => remove());

const answers = () => asked.filter((one) => one.method === 'POST' && one.path === '/api/v1/approvals/apr_1');

function Question({ inDrawer = false }: { inDrawer?: boolean }) {
  useKeys();
  return (
    <div role={inDrawer ? 'dialog' : undefined}>
      <ApprovalCard approval={approval} autoFocus />
    </div>
  );
}

async function untilArmed() {
  const deny = await screen.findByRole('button', { name: /^Deny$/ });
  await waitFor(() =>
    expect(screen.getByRole('button', { name: /Allow once/ })).toHaveProperty('disabled', false),
  );
  expect(document.activeElement).toBe(deny);
}

function expectUntouched() {
  expect(answers()).toEqual([]);
  expect(screen.queryByRole('textbox')).toBeNull();
  for (const button of screen.getAllByRole('button')) {
    expect(button.getAttribute('aria-expanded')).not.toBe('true');
    expect(button.getAttribute('aria-pressed')).not.toBe('true');
  }
}

test('every way to a page goes from a question that has the focus, and answers nothing', async () => {
  renderPage(<Question />);
  await untilArmed();
  for (const item of kNav) {
    await userEvent.keyboard(item.keys.replace(' ', ''));
    expect(go.mock.calls, item.keys).toEqual([[item.id]]);
    go.mockReset();
    expectUntouched();
  }
  await userEvent.keyboard('y');
  await waitFor(() => expect(answers()).toHaveLength(1));
});

test('in the drawer it does nothing at all', async () => {
  renderPage(<Question inDrawer />);
  await untilArmed();
  for (const item of kNav) await userEvent.keyboard(item.keys.replace(' ', ''));
  expect(go).not.toHaveBeenCalled();
  expectUntouched();
});

function Rows({ onOpen, onFocus }: { onOpen: () => void; onFocus: (index: number) => void }) {
  useKeys();
  return (
    <VirtualTable
      label="Rows"
      rows={['a', 'b']}
      columns={[{ id: 'name', header: 'Name', width: '1fr', cell: (row) => row }]}
      rowKey={(row) => row}
      focused={0}
      onFocus={onFocus}
      onOpen={onOpen}
    />
  );
}

test('g o goes from a list, and opens no row', async () => {
  const onOpen = vi.fn();
  const onFocus = vi.fn();
  renderPage(<Rows onOpen={onOpen} onFocus={onFocus} />);
  (await screen.findByRole('grid')).focus();
  await userEvent.keyboard('go');
  expect(go.mock.calls).toEqual([['costs']]);
  expect(onOpen).not.toHaveBeenCalled();
  await userEvent.keyboard('o');
  expect(onOpen).toHaveBeenCalledOnce();
  await userEvent.keyboard('j');
  expect(onFocus).toHaveBeenCalledWith(1);
});

test('what is put together by an input method is no key of the page', async () => {
  renderPage(<Rows onOpen={() => {}} onFocus={() => {}} />);
  await screen.findByRole('grid');
  const stop = vi.fn();
  const off = useActionRegistry
    .getState()
    .add([{ id: 'stop', label: 'Stop', group: 'Here', keys: ['escape'], run: stop }]);
  onTestFinished(off);
  fireEvent.keyDown(document.body, { key: 'Escape', isComposing: true });
  expect(stop).not.toHaveBeenCalled();
  fireEvent.keyDown(document.body, { key: 'Escape' });
  expect(stop).toHaveBeenCalledOnce();
});

test('a key that somebody else takes ends what was begun', async () => {
  renderPage(<Rows onOpen={() => {}} onFocus={() => {}} />);
  await screen.findByRole('grid');
  fireEvent.keyDown(document.body, { key: 'g' });
  const taken = new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true });
  taken.preventDefault();
  document.body.dispatchEvent(taken);
  fireEvent.keyDown(document.body, { key: 's' });
  expect(go).not.toHaveBeenCalled();
});
