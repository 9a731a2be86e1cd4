// SPDX-License-Identifier: MIT
import { act, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import { useActionRegistry } from '@/actions/actions';
import { Problem } from '@/api/problem';
import { answer, asked, expectAccessible, problem, renderPage, startFakeDaemon } from '../../../test/page';
import { PolicyPage } from './policy-page';
import { problemsOf } from './source-tab';
import { dropDraft, useDraft } from './working';

// CodeMirror measures, and there is nothing to measure here.
vi.mock('./editor', () => ({
  default: ({ value, onChange }: { value: string; onChange: (text: string) => void }) => (
    <textarea aria-label="policy.yaml" value={value} onChange={(event) => onChange(event.target.value)} />
  ),
}));
vi.mock('./merge-editor', () => ({
  default: ({ before, after }: { before: string; after: string }) => (
    <pre>
      {before}→{after}
    </pre>
  ),
}));

const kText = '# mine\ntools:\n  allowed:\n    - fs.read  # fine\n  denied: []\n';
const policy = (more: object = {}) => ({
  path: '/config/policy.yaml',
  exists: true,
  text: kText,
  hash: 'sha256:1',
  in_force: 'file',
  in_force_text: '',
  version: 'v1',
  problems: [],
  ...more,
});
const list = (...items: object[]) => ({ items, next_cursor: null });

beforeEach(() => {
  startFakeDaemon();
  dropDraft();
  answer('GET /api/v1/policy', policy());
  answer('GET /api/v1/policy/templates', list({ name: 'default', description: 'Reads only.', text: kText }));
  answer('GET /api/v1/tools', list({ name: 'fs.write', parameters: { required: ['path'] } }));
  answer('GET /api/v1/policy/can', {
    tool: 'fs.write',
    known: true,
    can: 'asks',
    reason: 'no rule',
    rules: [],
  });
  answer('GET /api/v1/grants', list());
  answer('POST /api/v1/policy/check', { valid: true, problems: [], tests: [] });
});

test('rules are a table with their lines and notes', async () => {
  const { container } = renderPage(<PolicyPage />, { at: '/policy' });
  const row = (await screen.findByText('fs.read')).closest('tr');
  expect(row?.textContent).toContain('4');
  expect(row?.textContent).toContain('fine');
  await expectAccessible(container);
});

test('the filter of rules is edited where the caret is', async () => {
  renderPage(<PolicyPage />, { at: '/policy?q=read' });
  const field = (await screen.findByLabelText('Filter rules')) as HTMLInputElement;
  await userEvent.type(field, 'fs.', { initialSelectionStart: 0, initialSelectionEnd: 0 });
  expect(field.value).toBe('fs.read');
});

test('a deny rule is added from the page: only its lines change, against the hash that was seen', async () => {
  answer('PUT /api/v1/policy', ({ body }: { body: { text: string } }) =>
    policy({ text: body.text, hash: 'sha256:2' }),
  );
  renderPage(<PolicyPage />, { at: '/policy' });
  await userEvent.click(await screen.findByRole('button', { name: 'Add rule' }));
  const dialog = await screen.findByRole('dialog');
  await userEvent.type(within(dialog).getByLabelText('Tool'), 'fs.write');
  await expectAccessible(dialog);
  await userEvent.click(within(dialog).getByRole('button', { name: 'Save rule' }));
  await waitFor(() => expect(asked.some((one) => one.method === 'PUT')).toBe(true));
  expect(asked.find((one) => one.method === 'PUT')?.body).toEqual({
    text: kText.replace('  denied: []\n', '  denied:\n    - fs.write\n'),
  });
});

test('a rule that is refused stays in its dialog with the reason', async () => {
  answer('PUT /api/v1/policy', problem(422, 'PRYX-1422', 'line 6: tools.denied: no such tool'));
  renderPage(<PolicyPage />, { at: '/policy' });
  await userEvent.click(await screen.findByRole('button', { name: 'Add rule' }));
  const dialog = await screen.findByRole('dialog');
  await userEvent.type(within(dialog).getByLabelText('Tool'), 'fs.wriet');
  await userEvent.click(within(dialog).getByRole('button', { name: 'Save rule' }));
  expect(await within(dialog).findByText('line 6: tools.denied: no such tool')).toBeTruthy();
  expect((within(dialog).getByLabelText('Tool') as HTMLInputElement).value).toBe('fs.wriet');
  answer('PUT /api/v1/policy', ({ body }: { body: { text: string } }) => policy({ text: body.text }));
  await userEvent.click(within(dialog).getByRole('button', { name: 'Save rule' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
});

test('Escape asks before it drops a rule that was begun', async () => {
  renderPage(<PolicyPage />, { at: '/policy' });
  await userEvent.click(await screen.findByRole('button', { name: 'Add rule' }));
  const dialog = await screen.findByRole('dialog');
  await userEvent.type(within(dialog).getByLabelText('Tool'), 'fs.write');
  await userEvent.keyboard('{Escape}');
  expect(within(dialog).getByText('What you wrote here is not saved.')).toBeTruthy();
  await userEvent.click(within(dialog).getByRole('button', { name: 'Close without saving' }));
  expect(screen.queryByRole('dialog')).toBeNull();
});

// An answer of the daemon that comes when the test says so.
function held<T>() {
  let settle: (reply: T) => void = () => {};
  const reply = new Promise<T>((done) => {
    settle = done;
  });
  return { reply, settle: (value: T) => act(async () => settle(value)) };
}

test('a refusal is told above the tabs to who closed the dialog while it was on its way', async () => {
  const put = held<unknown>();
  answer('PUT /api/v1/policy', () => put.reply);
  renderPage(<PolicyPage />, { at: '/policy' });
  await userEvent.click(await screen.findByRole('button', { name: 'Add rule' }));
  const dialog = await screen.findByRole('dialog');
  await userEvent.type(within(dialog).getByLabelText('Tool'), 'fs.wriet');
  await userEvent.click(within(dialog).getByRole('button', { name: 'Save rule' }));
  await userEvent.keyboard('{Escape}');
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  // Another one that is open by then is not closed by the answer to the first.
  await userEvent.click(screen.getByRole('button', { name: 'Add rule' }));
  await put.settle(problem(422, 'PRYX-1422', 'line 6: tools.denied: no such tool'));
  await userEvent.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Cancel' }));
  expect(await screen.findByText('line 6: tools.denied: no such tool')).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: 'Dismiss' }));
  expect(screen.queryByText('line 6: tools.denied: no such tool')).toBeNull();
});

test('what is typed while a draft is saved stays, and begins from the file that was saved', async () => {
  const put = held<unknown>();
  answer('PUT /api/v1/policy', () => put.reply);
  renderPage(<PolicyPage />, { at: '/policy?tab=source' });
  const editor = (await screen.findByLabelText('policy.yaml')) as HTMLTextAreaElement;
  await userEvent.type(editor, '# one');
  const save = screen.getByRole('button', { name: 'Save policy' });
  await waitFor(() => expect(save).toHaveProperty('disabled', false));
  await userEvent.click(save);
  await userEvent.type(editor, ' two');
  answer('GET /api/v1/policy', policy({ text: `${kText}# one`, hash: 'sha256:2' }));
  await put.settle(policy({ text: `${kText}# one`, hash: 'sha256:2' }));
  await waitFor(() => expect(useDraft.getState().draft?.base).toBe('sha256:2'));
  expect(editor.value).toBe(`${kText}# one two`);
});

test('a draft that was discarded while it was on its way does not come back with the refusal', async () => {
  const put = held<unknown>();
  answer('PUT /api/v1/policy', () => put.reply);
  renderPage(<PolicyPage />, { at: '/policy?tab=source' });
  await userEvent.type(await screen.findByLabelText('policy.yaml'), '# one');
  const save = screen.getByRole('button', { name: 'Save policy' });
  await waitFor(() => expect(save).toHaveProperty('disabled', false));
  await userEvent.click(save);
  await userEvent.click(screen.getByRole('button', { name: 'Discard draft' }));
  await put.settle(problem(409, 'PRYX-1409', 'The file was changed.'));
  await waitFor(() => expect(save.getAttribute('aria-busy')).toBeNull());
  expect(useDraft.getState()).toMatchObject({ draft: null, conflict: null });
});

test('a rule that meets a newer file goes into that one at the next try', async () => {
  answer('PUT /api/v1/policy', problem(409, 'PRYX-1409', 'The file was changed.'));
  renderPage(<PolicyPage />, { at: '/policy' });
  await userEvent.click(await screen.findByRole('button', { name: 'Edit the rule for fs.read' }));
  const dialog = await screen.findByRole('dialog');
  await userEvent.type(within(dialog).getByLabelText('Paths'), 'docs/**');
  const theirs = `# theirs\n${kText}`;
  answer('GET /api/v1/policy', policy({ text: theirs, hash: 'sha256:9' }));
  await userEvent.click(within(dialog).getByRole('button', { name: 'Save rule' }));
  expect(await within(dialog).findByText(/nothing was saved/)).toBeTruthy();
  answer('PUT /api/v1/policy', ({ body }: { body: { text: string } }) => policy({ text: body.text }));
  await userEvent.click(within(dialog).getByRole('button', { name: 'Save rule' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  const sent = asked.filter((one) => one.method === 'PUT').at(-1)?.body as { text: string };
  expect(sent.text).toContain('# theirs\n# mine');
  expect(sent.text).toContain('docs/**');
  expect(sent.text.match(/fs\.read/g)).toHaveLength(1);
});

test('a refused entry of a list stays in its field', async () => {
  answer('PUT /api/v1/policy', problem(422, 'PRYX-1422', 'not a host'));
  renderPage(<PolicyPage />, { at: '/policy?tab=lists' });
  const field = (await screen.findByLabelText('Host to add')) as HTMLInputElement;
  await userEvent.type(field, 'a..b{Enter}');
  expect(await screen.findByText('not a host')).toBeTruthy();
  expect(field.value).toBe('a..b');
});

test('an older version is restored only when it was taken, and says that a draft goes with it', async () => {
  const version = { version: 1, hash: 'sha256:0', at: '2026-01-01T00:00:00Z', author: 'cli', bytes: 9 };
  answer('GET /api/v1/policy/history', list({ ...version, exists: true, valid: true }));
  answer('GET /api/v1/policy/history/{version}', { ...version, text: 'tools: {}\n' });
  answer('PUT /api/v1/policy', problem(422, 'PRYX-1422', 'a test fails'));
  const { router } = renderPage(<PolicyPage />, { at: '/policy?tab=source' });
  await userEvent.type(await screen.findByLabelText('policy.yaml'), '# draft');
  await act(() => router.navigate({ to: '/policy', search: { tab: 'history' } } as never));
  await userEvent.click(await screen.findByRole('button', { name: 'Restore' }));
  const dialog = await screen.findByRole('dialog');
  expect(within(dialog).getByText(/unsaved draft in Source is dropped/)).toBeTruthy();
  const restore = within(dialog).getByRole('button', { name: 'Restore and drop the draft' });
  await userEvent.click(restore);
  expect(await within(dialog).findByText('a test fails')).toBeTruthy();
  expect(useDraft.getState().draft?.text).toContain('# draft');
  answer('PUT /api/v1/policy', ({ body }: { body: { text: string } }) => policy({ text: body.text }));
  await userEvent.click(restore);
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(useDraft.getState().draft).toBeNull();
});

test('by keyboard alone: n, the tool, Ctrl Enter', async () => {
  answer('PUT /api/v1/policy', ({ body }: { body: { text: string } }) => policy({ text: body.text }));
  renderPage(<PolicyPage />, { at: '/policy' });
  await screen.findByText('fs.read');
  act(() => useActionRegistry.getState().actions.get('policy.add')?.run());
  await waitFor(() => expect(document.activeElement).toBe(screen.getByLabelText('Tool')));
  await userEvent.keyboard('http.*{Control>}{Enter}{/Control}');
  await waitFor(() => expect(asked.some((one) => one.method === 'PUT')).toBe(true));
  expect(JSON.stringify(asked.find((one) => one.method === 'PUT')?.body)).toContain('denied:\\n    - http.*');
});

test('a host is put on a list, joined by a second, and taken off again', async () => {
  let text = kText;
  answer('GET /api/v1/policy', () => policy({ text }));
  answer('PUT /api/v1/policy', ({ body }: { body: { text: string } }) => {
    text = body.text;
    return policy({ text });
  });
  renderPage(<PolicyPage />, { at: '/policy?tab=lists' });
  for (const host of ['a.example', 'b.example']) {
    await userEvent.type(await screen.findByLabelText('Host to add'), `${host}{Enter}`);
    await screen.findByText(host);
  }
  expect(text).toContain('    - tool: "*"\n      domains:\n        - a.example\n        - b.example\n');
  for (const _ of ['a.example', 'b.example'])
    await userEvent.click((await screen.findAllByRole('button', { name: /^Remove/ }))[0] as HTMLElement);
  await screen.findByText('No rule names hosts. Requests ask for each one.');
  expect(text).not.toContain('a.example');
  expect(text).not.toContain('"*"');
});

test('a filter that fits nothing says how to clear it', async () => {
  const { router } = renderPage(<PolicyPage />, { at: '/policy?q=zzz' });
  await userEvent.click(await screen.findByRole('button', { name: 'Clear filters (1)' }));
  expect(router.state.location.search).toEqual({});
});

test('empty, broken and unreachable', async () => {
  answer('GET /api/v1/policy', policy({ text: 'tools: {}\n' }));
  const first = renderPage(<PolicyPage />, { at: '/policy' });
  expect(await screen.findByText('The file has no rules')).toBeTruthy();
  first.unmount();
  answer('GET /api/v1/policy', problem(500, 'PRYX-1500', 'The file cannot be read.'));
  const second = renderPage(<PolicyPage />, { at: '/policy' });
  expect(await screen.findByText('The file cannot be read.')).toBeTruthy();
  second.unmount();
  startFakeDaemon();
  renderPage(<PolicyPage />, { at: '/policy' });
  expect((await screen.findAllByText(/The daemon did not answer/)).length).toBeGreaterThan(0);
});

test('without a file, the shipped default that cannot be read is said and can be asked for again', async () => {
  answer('GET /api/v1/policy', policy({ exists: false, text: '' }));
  answer('GET /api/v1/policy/templates', problem(500, 'PRYX-1500', 'The templates cannot be read.'));
  renderPage(<PolicyPage />, { at: '/policy' });
  expect(await screen.findByText('The templates cannot be read.')).toBeTruthy();
  answer('GET /api/v1/policy/templates', list({ name: 'default', description: 'Reads only.', text: kText }));
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findByText('fs.read')).toBeTruthy();
});

test('a stale save shows both texts, and one is chosen', async () => {
  answer('PUT /api/v1/policy', problem(409, 'PRYX-1409', 'The file was changed.'));
  renderPage(<PolicyPage />, { at: '/policy?tab=source' });
  const editor = await screen.findByLabelText('policy.yaml');
  await userEvent.type(editor, '# more');
  const theirs = `${kText}# theirs\n`;
  answer('GET /api/v1/policy', policy({ text: theirs, hash: 'sha256:9' }));
  await userEvent.click(screen.getByRole('button', { name: 'Save policy' }));
  const dialog = await screen.findByRole('dialog', { name: 'The file was changed by somebody else' });
  expect(await within(dialog).findByText(/# theirs/)).toBeTruthy();
  answer('PUT /api/v1/policy', ({ body }: { body: { text: string } }) =>
    policy({ text: body.text, hash: 'sha256:10' }),
  );
  await userEvent.click(within(dialog).getByRole('button', { name: 'Save mine over it' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(asked.filter((one) => one.method === 'PUT').at(-1)?.body).toEqual({ text: `${kText}# more` });
});

test('a draft is checked by line, and cannot be saved while it has problems', async () => {
  answer('POST /api/v1/policy/check', {
    valid: false,
    problems: [{ line: 6, key: 'tols', message: 'unknown key' }],
    tests: [],
  });
  const { container } = renderPage(<PolicyPage />, { at: '/policy?tab=source' });
  await userEvent.type(await screen.findByLabelText('policy.yaml'), 'tols: x');
  expect(await screen.findByText('1 problem')).toBeTruthy();
  expect((screen.getByRole('button', { name: 'Save policy' }) as HTMLButtonElement).disabled).toBe(true);
  await expectAccessible(container);
});

test('a call is decided, with the rules on the way, and kept as a test', async () => {
  answer('POST /api/v1/policy/test', {
    decision: 'ask',
    rule: 'what no rule matches asks',
    line: null,
    reason: 'no rule matches fs.write',
    step: 6,
    forced: false,
    considered: [
      { step: 5, layer: 'policy.yaml', rule: 'tools.allowed: fs.read', line: 4, outcome: 'another tool' },
      { step: 6, layer: 'built in', rule: 'what no rule matches asks', line: null, outcome: 'decides' },
    ],
  });
  answer('PUT /api/v1/policy', ({ body }: { body: { text: string } }) => policy({ text: body.text }));
  const { container } = renderPage(<PolicyPage />, { at: '/policy?tab=test' });
  await userEvent.type(await screen.findByLabelText('Tool'), 'fs.write');
  await userEvent.click(screen.getByRole('button', { name: 'Test decision' }));
  expect(await screen.findByText('no rule matches fs.write')).toBeTruthy();
  expect(asked.find((one) => one.path.endsWith('/policy/test'))?.body).toEqual({
    tool: 'fs.write',
    arguments: { path: 'notes.txt' },
    labels: ['owner'],
  });
  await expectAccessible(container);
  await userEvent.click(screen.getByRole('button', { name: 'Save as test' }));
  await waitFor(() => expect(asked.some((one) => one.method === 'PUT')).toBe(true));
  expect(JSON.stringify(asked.find((one) => one.method === 'PUT')?.body)).toContain(
    JSON.stringify(
      'tests:\n  - name: "fs.write ask"\n    tool: fs.write\n    arguments: {"path":"notes.txt"}\n    expect: ask\n',
    ).slice(1, -1),
  );
});

test('the last days are replayed with the draft', async () => {
  answer('POST /api/v1/policy/replay', {
    from: '2026-01-01T00:00:00Z',
    to: '2026-01-08T00:00:00Z',
    replayed: 40,
    changed: 1,
    changes: [{ was: 'allow', becomes: 'deny', count: 1 }],
    not_replayed: 0,
    gaps: [],
    truncated: false,
    items: [
      {
        step_id: 'stp_1',
        turn_id: 'trn_1',
        session_id: 'ses_1',
        at: '2026-01-02T00:00:00Z',
        tool: 'fs.read',
        call: 'fs.read a.txt',
        was: { decision: 'allow', rule: 'tools.allowed: fs.read' },
        becomes: { decision: 'deny', rule: 'tools.denied: fs.*', line: 5, reason: 'denied' },
      },
    ],
    next_cursor: null,
  });
  renderPage(<PolicyPage />, { at: '/policy?tab=source' });
  await userEvent.click(await screen.findByRole('button', { name: 'Replay past decisions' }));
  expect(await screen.findByText('1 of 40 past decisions would change')).toBeTruthy();
  expect(screen.getByText('fs.read a.txt')).toBeTruthy();
  expect(asked.find((one) => one.path.endsWith('/replay'))?.body).toMatchObject({ text: kText, days: 7 });
});

test('a replay that changes much is listed page by page', async () => {
  const item = (step: string) => ({
    step_id: step,
    turn_id: 'trn_1',
    session_id: 'ses_1',
    at: '2026-01-02T00:00:00Z',
    tool: 'fs.read',
    call: `fs.read ${step}`,
    was: { decision: 'allow', rule: 'x' },
    becomes: { decision: 'ask', rule: 'y', line: null, reason: 'asks' },
  });
  answer('POST /api/v1/policy/replay', ({ body }: { body: unknown }) => {
    const second = (body as { cursor?: string }).cursor === 'c2';
    return {
      from: '2026-01-01T00:00:00Z',
      to: '2026-01-08T00:00:00Z',
      replayed: 2,
      changed: 2,
      changes: [],
      not_replayed: 0,
      gaps: [],
      truncated: false,
      items: [item(second ? 'older' : 'newer')],
      next_cursor: second ? null : 'c2',
    };
  });
  renderPage(<PolicyPage />, { at: '/policy?tab=source' });
  await userEvent.click(await screen.findByRole('button', { name: 'Replay past decisions' }));
  await userEvent.click(await screen.findByRole('button', { name: 'List more' }));
  expect(await screen.findByText('fs.read older')).toBeTruthy();
  expect(screen.getByText('fs.read newer')).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'List more' })).toBeNull();
});

test('grants are revoked and moved', async () => {
  answer(
    'GET /api/v1/grants',
    list({
      id: 'grt_1',
      scope: 'always',
      rule: 'fs.write(path: "a")',
      tool: 'fs.write',
      session_id: null,
      workspace: '/home/me/project',
      approval_id: null,
      created_at: '2026-01-01T00:00:00Z',
      expires_at: '2026-02-01T00:00:00Z',
    }),
  );
  answer('DELETE /api/v1/grants/{id}', { status: 204, body: null });
  const { container } = renderPage(<PolicyPage />, { at: '/policy?tab=lists' });
  expect(await screen.findByText('/home/me/project')).toBeTruthy();
  await userEvent.click(await screen.findByRole('button', { name: 'Revoke' }));
  const dialog = await screen.findByRole('dialog');
  await userEvent.click(within(dialog).getByRole('button', { name: 'Revoke' }));
  await waitFor(() => expect(asked.some((one) => one.method === 'DELETE')).toBe(true));
  await expectAccessible(container);
});

test('a link leads to the grant that an approval made', async () => {
  const grant = {
    id: 'grt_1',
    scope: 'always',
    rule: 'fs.write(path: "a")',
    tool: 'fs.write',
    session_id: null,
    workspace: '/home/me/project',
    approval_id: 'apr_1',
    created_at: '2026-01-01T00:00:00Z',
    expires_at: null,
  };
  const other = { ...grant, id: 'grt_2', rule: 'fs.write(path: "b")', approval_id: 'apr_2' };
  answer('GET /api/v1/grants', list(other, grant));
  renderPage(<PolicyPage />, { at: '/policy?tab=lists&grant=apr_1' });
  const row = (await screen.findByText('fs.write(path: "a")')).closest('tr');
  expect(row?.getAttribute('aria-current')).toBe('true');
  expect(screen.getByText('fs.write(path: "b")').closest('tr')?.hasAttribute('aria-current')).toBe(false);
});

test('a refusal names its lines', () => {
  const error = new Problem(422, {
    detail: 'policy.yaml is not a valid policy\nline 3: tools.denid: unknown key; did you mean?\nline 4: odd',
  });
  expect(problemsOf(error)).toEqual([
    { line: 3, key: 'tools.denid', message: 'unknown key; did you mean?' },
    { line: 4, key: '', message: 'odd' },
  ]);
});
