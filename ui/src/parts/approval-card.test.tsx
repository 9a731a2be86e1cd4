// SPDX-License-Identifier: MIT
import { act, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { Toasts, useNotes } from '@/ui/toast';
import {
  answer,
  asked,
  daemonIsAhead,
  expectAccessible,
  problem,
  renderPage,
  startFakeDaemon,
} from '../../test/page';
import { ApprovalCard } from './approval-card';
import { ApprovalGroup, groupApprovals, groupKey } from './approval-group';
import { unsaidArguments } from './approval-unsaid';
import type { Approval } from './use-approval-answer';

const kWhen = '2026-09-21T14:13:20.000Z';
function approval(more: Partial<Approval> = {}): Approval {
  return {
    id: 'apr_1',
    session_id: 'ses_1',
    turn_id: 'trn_1',
    step_id: 'stp_1',
    tool: 'http.request',
    arguments: { method: 'GET', url: 'https://example.org/\u202egnp' },
    rendering: 'http.request GET https://example.org/\u202egnp',
    preview: null,
    shown_whole: true,
    confirm_code: null,
    call_hash: 'sha256:cd',
    bound: { facts: { hosts: ['example.org'] } } as never,
    reason: 'no rule matches http.request',
    risk: 'medium',
    labels: ['owner', 'web', 'principal:prn_owner'],
    changes: [],
    replaces: null,
    plan_id: null,
    rule_suggestion: 'http.request(host: "example.org")',
    state: 'pending',
    created_at: kWhen,
    expires_at: new Date(Date.now() + 240_000).toISOString(),
    resolved_at: null,
    resolved_by: null,
    scope: null,
    answer_reason: null,
    launch_by: null,
    used_at: null,
    ...more,
  };
}

beforeEach(() => {
  startFakeDaemon();
  useNotes.setState({ notes: [] });
  answer('GET /api/v1/sessions/{id}', { id: 'ses_1', title: 'Look it up', agent: 'default' });
  answer('POST /api/v1/policy/test', {
    decision: 'ask',
    rule: 'ask: http.request',
    reason: 'a rule asks',
    considered: [{ step: 4, layer: 'policy.yaml', rule: 'ask: http.request', outcome: 'decides' }],
    step: 4,
    forced: false,
  });
  answer('POST /api/v1/approvals/{id}', (one: { body: Record<string, unknown> }) => ({
    ...approval(),
    state: one.body.decision === 'approve' ? 'approved' : 'denied',
    scope: one.body.scope ?? null,
    resolved_by: 'web',
    resolved_at: kWhen,
  }));
});

// The moment in which nothing can be allowed ends when the test says so.
const kArmMs = 400;
function holdArming(): () => void {
  const held: (() => void)[] = [];
  const real = globalThis.setTimeout;
  const spy = vi
    .spyOn(globalThis, 'setTimeout')
    .mockImplementation(((call: () => void, ms?: number) =>
      ms === kArmMs ? held.push(call) : real(call, ms)) as typeof setTimeout);
  onTestFinished(() => spy.mockRestore());
  return () =>
    act(() => {
      for (const call of held.splice(0)) call();
    });
}

const answers = () => asked.filter((one) => one.method === 'POST' && one.path === '/api/v1/approvals/apr_1');
const armed = async () =>
  waitFor(() => expect(screen.getByRole('button', { name: /Allow once/ })).toHaveProperty('disabled', false));

test('shows the exact action, what was read and the rule, with Deny first', async () => {
  const { container } = renderPage(<ApprovalCard approval={approval()} autoFocus />);
  await screen.findByText('Look it up', { exact: false });
  expect(document.activeElement).toBe(screen.getByRole('button', { name: /^Deny$/ }));
  expect(container.textContent).toContain('\\u{202e}');
  expect(container.textContent).not.toContain('\u202e');
  expect(screen.getByText('the web')).toBeTruthy();
  expect(await screen.findByText('ask: http.request')).toBeTruthy();
  await expectAccessible(container);
});

test.each([
  ['y', { decision: 'approve', scope: 'once' }],
  ['s', { decision: 'approve', scope: 'session' }],
  ['n', { decision: 'deny' }],
])('key %s answers', async (key, body) => {
  const settled = vi.fn();
  renderPage(<ApprovalCard approval={approval()} autoFocus onSettled={settled} />);
  await screen.findByRole('button', { name: /^Deny$/ });
  await armed();
  await userEvent.keyboard(key);
  await waitFor(() => expect(settled).toHaveBeenCalledOnce());
  expect(answers()[0]?.body).toEqual(body);
  expect(screen.queryByRole('button', { name: /Allow once/ })).toBeNull();
});

test('keys do nothing while the focus is elsewhere', async () => {
  renderPage(<ApprovalCard approval={approval()} />);
  await screen.findByText('Look it up', { exact: false });
  await armed();
  await userEvent.keyboard('y');
  expect(answers()).toHaveLength(0);
});

test('Enter never allows a high risk', async () => {
  renderPage(<ApprovalCard approval={approval({ risk: 'high' })} />);
  await screen.findByText('High risk');
  await armed();
  screen.getByRole('button', { name: /Allow once/ }).focus();
  await userEvent.keyboard('{Enter}');
  expect(answers()).toHaveLength(0);
});

test('a denial can tell the agent why', async () => {
  renderPage(<ApprovalCard approval={approval()} autoFocus />);
  await screen.findByText('Look it up', { exact: false });
  await userEvent.keyboard('r');
  await userEvent.type(screen.getByRole('textbox', { name: /Reason/ }), 'use staging{Enter}');
  await waitFor(() => expect(answers()[0]?.body).toEqual({ decision: 'deny', reason: 'use staging' }));
});

// What a tool's preview leaves out is bound too: the model's own words about a command, how its output is kept.
test('an argument that the preview does not say is shown', async () => {
  const command = 'npm install\n\u202enpm test';
  const preview = 'bash runs:\n  npm install\n  \u202enpm test\nin: .\nnetwork: none\n';
  const more = { tool: 'shell.exec', rendering: 'shell.exec npm install⏎\u202enpm test', preview };
  const { container } = renderPage(
    <ApprovalCard
      approval={approval({ ...more, arguments: { command, description: 'npm', mode: 'in', timeout: 5 } })}
    />,
  );
  await screen.findByText('Look it up', { exact: false });
  expect(screen.queryByText('What else the answer binds')).toBeNull();
  renderPage(
    <ApprovalCard
      approval={approval({ ...more, arguments: { command, description: 'only\u202e looks' } })}
    />,
  );
  expect(await screen.findByText('What else the answer binds')).toBeTruthy();
  const said = screen.getByRole('region', { name: 'What else the answer binds' });
  expect(said.textContent).toContain('"description": "only\\u{202e} looks"');
  expect(said.textContent).not.toContain('command');
  expect(container.textContent).not.toContain('looks');
});

test.each([
  [
    'a new file',
    '--- /dev/null\n+++ b/f\n@@ -0,0 +1,2 @@\n+one\n+two\n',
    { path: 'f', content: 'one\ntwo\n' },
    [],
  ],
  [
    'one without a last line feed',
    '--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+one\n\\ No newline at end of file\n',
    { content: 'one' },
    [],
  ],
  [
    'a file of which two lines change',
    '--- a/f\n+++ b/f\n@@ -9 +9 @@\n-x\n+y\n@@ -20 +20 @@\n-x\n+z\n',
    { content: '1\ny\n2\nz\n' },
    [],
  ],
  [
    'another file',
    '--- a/f\n+++ b/f\n@@ -9 +9 @@\n-x\n+y\n@@ -20 +20 @@\n-x\n+z\n',
    { content: 'z\ny\n' },
    ['content'],
  ],
  [
    'an edit',
    '--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n kept\n-old one\n+new one\n',
    { old_text: 'kept\nold', new_text: 'kept\nnew' },
    [],
  ],
  ['a part of a word', 'GET http://x/\n', { url: 'http://x/', method: 'GE' }, ['method']],
  ['a text in a list', 'network: a.org\n', { hosts: ['a.org', 'b.org'] }, ['hosts']],
])('of %s, what is not said', (_, preview, args, names) => {
  const found = unsaidArguments(approval({ rendering: 'tool', preview, arguments: args as never }));
  expect(Object.keys(found)).toEqual(names);
});

test('a call that is not shown whole takes its code', async () => {
  const arm = holdArming();
  renderPage(<ApprovalCard approval={approval({ shown_whole: false, confirm_code: 'ab12' })} autoFocus />);
  const field = await screen.findByRole('textbox', { name: /Type ab12/ });
  arm();
  screen.getByRole('button', { name: /^Deny$/ }).focus();
  await userEvent.keyboard('y');
  expect(answers()).toHaveLength(0);
  expect(document.activeElement).toBe(field);
  await userEvent.type(field, 'ab12');
  await userEvent.click(screen.getByRole('button', { name: /Allow once/ }));
  await waitFor(() =>
    expect(answers()[0]?.body).toEqual({ decision: 'approve', scope: 'once', confirm: 'ab12' }),
  );
});

test('always shows what the edited rule would have answered', async () => {
  answer('POST /api/v1/approvals/{id}/preview', (one: { body: { rule: string } }) => ({
    rule: one.body.rule,
    matches_call: !one.body.rule.includes('other'),
    looked_at: 9,
    would_have_matched: 4,
    samples: [
      { approval_id: 'apr_0', rendering: 'http.request GET x', state: 'approved', created_at: kWhen },
    ],
  }));
  const { container } = renderPage(<ApprovalCard approval={approval()} autoFocus />);
  await screen.findByText('Look it up', { exact: false });
  await armed();
  await userEvent.keyboard('a');
  const rule = screen.getByRole('textbox', { name: 'Rule' });
  expect(await screen.findByText(/4 of the last 9 calls/)).toBeTruthy();
  await expectAccessible(container);
  await userEvent.clear(rule);
  await userEvent.type(rule, 'other');
  expect(await screen.findByText(/does not cover/)).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: /suggested rule/ }));
  await waitFor(() => expect(screen.queryByText(/does not cover/)).toBeNull());
  await userEvent.selectOptions(screen.getByRole('combobox', { name: 'Until' }), '7d');
  const save = screen.getByRole('button', { name: /^Allow http.request/ });
  await waitFor(() => expect(save).toHaveProperty('disabled', false));
  await userEvent.click(save);
  await waitFor(() =>
    expect(answers()[0]?.body).toEqual({
      decision: 'approve',
      scope: 'always',
      rule: 'http.request(host: "example.org")',
      expires: '7d',
    }),
  );
  // Then the note tells what it would have answered, and leads to it.
  await waitFor(() => expect(useNotes.getState().notes).toHaveLength(1));
  renderPage(<Toasts />);
  expect(
    await screen.findByText(
      'From now on http.request(host: "example.org") is allowed in sessions with the same folder. It would have answered 4 of the last 9 calls that you were asked about.',
    ),
  ).toBeTruthy();
  const link = screen.getByRole('link', { name: 'Show the rule' });
  expect(link.getAttribute('href')).toBe('/policy?tab=lists&grant=apr_1');
});

test('an answer by one key is told without a look that nobody took', async () => {
  renderPage(<ApprovalCard approval={approval()} autoFocus />);
  await screen.findByRole('button', { name: /^Deny$/ });
  await armed();
  await userEvent.keyboard('s');
  await waitFor(() => expect(useNotes.getState().notes).toHaveLength(1));
  expect(useNotes.getState().notes[0]?.text).toBe(
    'For this session http.request(host: "example.org") is allowed.',
  );
});

test('an answer of somebody else is shown as theirs', async () => {
  answer('POST /api/v1/approvals/{id}', problem(409, 'PRYX-1005', 'already approved'));
  answer('GET /api/v1/approvals/{id}', approval({ state: 'approved', scope: 'once', resolved_by: 'cli' }));
  renderPage(<ApprovalCard approval={approval()} autoFocus />);
  await screen.findByText('Look it up', { exact: false });
  await userEvent.keyboard('n');
  expect(await screen.findByText('Somebody else answered first')).toBeTruthy();
  expect(screen.getByText('by cli')).toBeTruthy();
});

test('calls of one plan are answered together', async () => {
  const two = [approval({ plan_id: 'p' }), approval({ id: 'apr_2', plan_id: 'p' })];
  const arm = holdArming();
  answer('POST /api/v1/approvals/plan', { items: [], next_cursor: null });
  expect(groupApprovals([...two, approval({ id: 'apr_3' })]).map((group) => group.length)).toEqual([2, 1]);
  const { container } = renderPage(<ApprovalGroup approvals={two} />);
  // It came a moment ago, so it does not take an answer that was meant for something else.
  const all = await screen.findByRole('button', { name: 'Allow all once' });
  expect(all).toHaveProperty('disabled', true);
  arm();
  expect(all).toHaveProperty('disabled', false);
  await userEvent.click(all);
  await waitFor(() => expect(asked.find((one) => one.path === '/api/v1/approvals/plan')).toBeTruthy());
  expect(asked.find((one) => one.path === '/api/v1/approvals/plan')?.body).toEqual({
    decision: 'approve',
    approval_ids: ['apr_1', 'apr_2'],
  });
  await expectAccessible(container);
});

// Through `ssh -L` the daemon has another machine's clock.
test.each([
  ['ahead', -300_000],
  ['behind', 300_000],
])('a browser five minutes %s answers as long as the daemon waits', async (_, daemonAheadMs) => {
  daemonIsAhead(daemonAheadMs);
  const expires_at = new Date(Date.now() + daemonAheadMs + 240_000).toISOString();
  renderPage(<ApprovalCard approval={approval({ expires_at })} />);
  expect(await screen.findByText(/^Denied by itself in (3 min 5\d s|4 min 0 s)$/)).toBeTruthy();
  await armed();
  await userEvent.click(screen.getByRole('button', { name: /Allow once/ }));
  await waitFor(() => expect(answers()).toHaveLength(1));
});

test('what has run out for the daemon is closed, however early it is here', async () => {
  daemonIsAhead(300_000);
  const expires_at = new Date(Date.now() + 299_000).toISOString();
  renderPage(<ApprovalCard approval={approval({ expires_at })} />);
  await waitFor(() => expect(screen.queryByRole('button', { name: /Allow once/ })).toBeNull());
});

function Waiting({ approvals }: { approvals: Approval[] }) {
  const [rows, setRows] = useState(approvals);
  return (
    <>
      {groupApprovals(rows).map((group) => (
        <ApprovalGroup key={groupKey(group)} approvals={group} />
      ))}
      <button type="button" onClick={() => setRows((all) => all.slice(1))}>
        Answered elsewhere
      </button>
      <button type="button" onClick={() => setRows((all) => (all.length > 0 ? [] : approvals.slice(1)))}>
        Scroll
      </button>
    </>
  );
}

test('what is written on a card stays when the one beside it is answered, and when it is scrolled away', async () => {
  const arm = holdArming();
  renderPage(<Waiting approvals={[approval({ plan_id: 'p' }), approval({ id: 'apr_2', plan_id: 'p' })]} />);
  const reasons = () => screen.getAllByRole('button', { name: /^Deny, because/ });
  await waitFor(() => expect(reasons()).toHaveLength(2));
  await userEvent.click(reasons()[1] as HTMLElement);
  const reason = screen.getByRole('textbox', { name: /Reason/ });
  await userEvent.type(reason, 'use staging');
  arm();
  // By a press that takes no focus, as an event of the bus does.
  act(() => screen.getByRole('button', { name: 'Answered elsewhere' }).click());
  expect(reasons()).toHaveLength(1);
  expect(screen.getByRole('textbox', { name: /Reason/ })).toBe(reason);
  expect(document.activeElement).toBe(reason);
  // It stands where the other was: a press that was meant for that one allows nothing.
  const allow = screen.getByRole('button', { name: /Allow once/ });
  expect(allow).toHaveProperty('disabled', true);
  arm();
  expect(allow).toHaveProperty('disabled', false);

  const scroll = screen.getByRole('button', { name: 'Scroll' });
  await userEvent.click(scroll);
  expect(screen.queryByRole('textbox')).toBeNull();
  await userEvent.click(scroll);
  expect(screen.getByRole('textbox', { name: /Reason/ })).toHaveProperty('value', 'use staging');
  expect(document.activeElement).toBe(scroll);

  // Answered, it is let go.
  await userEvent.click(screen.getByRole('button', { name: 'Deny and tell the agent' }));
  await waitFor(() => expect(screen.queryByRole('textbox')).toBeNull());
  await userEvent.click(scroll);
  await userEvent.click(scroll);
  await userEvent.click(await screen.findByRole('button', { name: /^Deny, because/ }));
  expect(screen.getByRole('textbox', { name: /Reason/ })).toHaveProperty('value', '');
});

test('an edited rule stays with its card too', async () => {
  answer('POST /api/v1/approvals/{id}/preview', {
    rule: 'x',
    matches_call: true,
    looked_at: 0,
    would_have_matched: 0,
    samples: [],
  });
  const { unmount } = renderPage(<ApprovalCard approval={approval({ id: 'apr_3' })} autoFocus />);
  await screen.findByText('Look it up', { exact: false });
  await userEvent.keyboard('a');
  await userEvent.type(screen.getByRole('textbox', { name: 'Rule' }), ' # mine');
  await userEvent.selectOptions(screen.getByRole('combobox', { name: 'Until' }), '7d');
  unmount();
  renderPage(<ApprovalCard approval={approval({ id: 'apr_3' })} autoFocus />);
  const rule = (await screen.findByRole('textbox', { name: 'Rule' })) as HTMLTextAreaElement;
  expect(rule.value).toBe('http.request(host: "example.org") # mine');
  expect(screen.getByRole('combobox', { name: 'Until' })).toHaveProperty('value', '7d');
  expect(document.activeElement).toBe(screen.getByRole('button', { name: /^Deny$/ }));
});
