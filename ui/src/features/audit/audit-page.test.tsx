// SPDX-License-Identifier: MIT
import { createHash } from 'node:crypto';
import { act, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { useActionRegistry } from '@/actions/actions';
import { answer, asked, expectAccessible, problem, renderPage, startFakeDaemon } from '../../../test/page';
import { AuditPage } from './audit-page';
import type { Entry } from './queries';

const entry = (index: number, more: Partial<Entry> = {}): Entry => ({
  index,
  at: '2026-01-01T00:00:00.000Z',
  kind: 'tool.outcome',
  actor: 'cli',
  session_id: 'ses_1',
  turn_id: 'trn_1',
  step_id: null,
  subject: `fs.read${index}`,
  detail: { rule: 'rules[2]' } as never,
  success: true,
  personal: { rendering: `fs.read <b>notes${index}</b>` } as never,
  erased: false,
  hash: 'ab12cd34ef56'.repeat(5),
  ...more,
});

const kList = 'GET /api/v1/audit';
const kVerify = 'POST /api/v1/audit/verify';
const page = (items: Entry[], next: string | null = null) => ({ items, next_cursor: next });
const verdict = (more: object = {}) => ({
  ok: true,
  rows: 17,
  first_bad_index: null,
  reason: null,
  checkpoints: 2,
  erased: 0,
  root: 'ab',
  ...more,
});
const kStatus = 'GET /api/v1/audit/status';
const status = (more: object = {}) => ({
  size: 17,
  signed_size: 17,
  signed_at: '2026-01-01T00:00:00.000Z',
  problem: null,
  verified: null,
  ...more,
});
const kThen = '2026-01-01T10:00:00.000Z';
const press = (id: string) => useActionRegistry.getState().actions.get(`audit.${id}`)?.run();

beforeEach(() => {
  startFakeDaemon();
  answer(kStatus, status());
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(600);
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1200);
});

test('entries with who, what, on what, and how it went; the filters of the address are asked for', async () => {
  answer(kList, page([entry(2), entry(1, { kind: 'tool.denied', success: null })]));
  const { container } = renderPage(<AuditPage />, { at: '/audit?actor=cli&outcome=ok' });
  expect(await screen.findByText('fs.read2')).toBeTruthy();
  expect(screen.getByText('fs.read <b>notes2</b>')).toBeTruthy();
  expect(screen.getByText('denied')).toBeTruthy();
  expect(screen.getAllByText('ab12cd34').length).toBe(2);
  expect(asked[0]?.query.get('surface')).toBe('cli');
  expect(asked[0]?.query.get('success')).toBe('true');
  expect(screen.getByText(/rewrote as a whole together with its signing key/)).toBeTruthy();
  await expectAccessible(container);
});

test('how far the log was verified is what the daemon says, whoever asked', async () => {
  answer(kList, page([entry(1)]));
  answer(kStatus, status({ verified: { ...verdict({ rows: 12 }), at: kThen, by: 'cli' } }));
  renderPage(<AuditPage />, { at: '/audit' });
  const chip = await screen.findByText(/Verified up to #12 at 2026-01-01 \d\d:\d\d/);
  expect(chip.closest('[title]')?.getAttribute('title')).toContain('Signed up to #17. Verified for cli.');
  answer(kVerify, verdict());
  answer(kStatus, status({ verified: { ...verdict(), at: new Date().toISOString(), by: 'web' } }));
  act(() => press('verify'));
  expect(await screen.findByText(/Verified up to #17 at \d\d:\d\d/)).toBeTruthy();
});

test('day and time of a verification are of one place', async () => {
  vi.stubEnv('TZ', 'Europe/Berlin');
  onTestFinished(() => void vi.unstubAllEnvs());
  answer(kList, page([entry(1)]));
  answer(kStatus, status({ verified: { ...verdict(), at: '2026-01-01T23:30:00.000Z', by: 'cli' } }));
  renderPage(<AuditPage />, { at: '/audit' });
  expect(await screen.findByText(/Verified up to #17 at 2026-01-02 00:30/)).toBeTruthy();
});

test('nothing verified yet, and what the daemon itself found', async () => {
  answer(kList, page([entry(1)]));
  answer(kStatus, status({ problem: 'the log is shorter than its checkpoint' }));
  renderPage(<AuditPage />, { at: '/audit' });
  expect(await screen.findByText('Not verified since the daemon started')).toBeTruthy();
  const alert = screen.getByRole('alert');
  expect(within(alert).getByText(/The log is shorter than its checkpoint\./)).toBeTruthy();
});

test('the first entry that does not hold is pinpointed, and can be shown', async () => {
  answer(kList, ({ query }: { query: URLSearchParams }) =>
    query.get('cursor') === '4' ? page([entry(3)]) : page([entry(9)]),
  );
  answer(kVerify, verdict({ ok: false, first_bad_index: 3, reason: 'the entry was changed' }));
  const { container } = renderPage(<AuditPage />, { at: '/audit' });
  await screen.findByText('fs.read9');
  press('verify');
  const alert = await screen.findByRole('alert');
  expect(within(alert).getByText('Entry #3 does not verify')).toBeTruthy();
  expect(within(alert).getByText(/The entry was changed\./)).toBeTruthy();
  await expectAccessible(container);
  await userEvent.click(within(alert).getByText('Show entry #3'));
  expect(await screen.findByRole('heading', { name: 'Entry #3' })).toBeTruthy();
});

// A tree of one: the leaf is the root.
function proofOf(logged: object) {
  const hash = createHash('sha256')
    .update(`\0${JSON.stringify(logged)}`)
    .digest();
  const leaf = hash.toString('hex');
  const checkpoint = `origin\n1\n${hash.toString('base64')}\n\n— origin sig\n`;
  return {
    checkpoint,
    entry: logged,
    from: null,
    from_root: null,
    index: 1,
    leaf,
    path: [],
    root: leaf,
    size: 1,
  };
}

test('the proof of an entry: leaf, path, root, checkpoint, and whether it holds', async () => {
  answer(kList, page([entry(1)]));
  answer('GET /api/v1/audit/proof', proofOf({ index: 1 }));
  const { container } = renderPage(<AuditPage />, { at: '/audit?entry=1' });
  await userEvent.click(await screen.findByText('Prove this entry'));
  expect(await screen.findByText(/entry, leaf and path give this root/)).toBeTruthy();
  expect(screen.getByText(/pryx-audit-verify --key pryx.key --proof/)).toBeTruthy();
  await expectAccessible(container);
});

test.each([
  ['leads to another root', { ...proofOf({ index: 1 }), root: 'bb' }],
  ['is of another text than its leaf', { ...proofOf({ index: 1 }), entry: { index: 1, kind: 'x' } }],
  ['is of another entry', proofOf({ index: 2 })],
])('a proof that %s is told', async (_, body) => {
  answer(kList, page([entry(1)]));
  answer('GET /api/v1/audit/proof', body);
  renderPage(<AuditPage />, { at: '/audit?entry=1' });
  await userEvent.click(await screen.findByText('Prove this entry'));
  expect(await screen.findByText(/do not give the root/)).toBeTruthy();
});

test('filtered empty, and the way back', async () => {
  answer(kList, page([]));
  const { router } = renderPage(<AuditPage />, { at: '/audit?action=tool.denied' });
  expect(await screen.findByText('No entry fits')).toBeTruthy();
  await userEvent.click(screen.getAllByText('Clear filters (1)')[0] as HTMLElement);
  await waitFor(() => expect(router.state.location.search).toEqual({}));
});

test('nothing yet', async () => {
  answer(kList, page([]));
  renderPage(<AuditPage />, { at: '/audit' });
  expect(await screen.findByText('Nothing is in the log yet')).toBeTruthy();
});

test('an error has its code', async () => {
  answer(kList, problem(500, 'PRYX-0500', 'The database is busy.'));
  renderPage(<AuditPage />, { at: '/audit' });
  expect(await screen.findByText('PRYX-0500')).toBeTruthy();
});

test('a daemon that is away is said so', async () => {
  renderPage(<AuditPage />, { at: '/audit' });
  expect((await screen.findAllByText(/The daemon did not answer/)).length).toBeGreaterThan(0);
});

test('an export holds what the page shows, and names its filters before it is made', async () => {
  const user = userEvent.setup();
  URL.createObjectURL = () => 'blob:log';
  URL.revokeObjectURL = () => undefined;
  answer(kList, page([entry(9)]));
  answer('GET /api/v1/audit/export', { lines: 1 });
  renderPage(<AuditPage />, {
    at: '/audit?action=tool.*&outcome=bad&from=2026-01-01T10:00:00Z&to=2026-01-02T10:00:00Z',
  });
  await screen.findByText('fs.read9');
  act(() => press('csv'));
  const dialog = await screen.findByRole('dialog');
  expect(within(dialog).getByText('tool.*')).toBeTruthy();
  expect(within(dialog).getByText('Did not go well')).toBeTruthy();
  const shown = within(dialog).getByRole('radio', { name: /filters of this page/ }) as HTMLInputElement;
  expect(shown.checked).toBe(true);
  await expectAccessible(dialog);
  await user.selectOptions(within(dialog).getByLabelText('Format'), 'jsonl');
  expect(shown.disabled).toBe(true);
  expect(within(dialog).getByText(/JSON lines always hold the whole log/)).toBeTruthy();
  await user.selectOptions(within(dialog).getByLabelText('Format'), 'csv');
  expect(asked.some((one) => one.path.endsWith('/export'))).toBe(false);
  await user.click(within(dialog).getByRole('button', { name: 'Make the file' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  const made = asked.find((one) => one.path.endsWith('/export'))?.query;
  expect(Object.fromEntries(made ?? [])).toEqual({
    format: 'csv',
    action: 'tool.*',
    success: 'false',
    after: '2026-01-01T10:00:00.000Z',
    before: '2026-01-02T10:00:00.000Z',
  });
});

test('what left the machine is a command away, for the turn that is looked at', async () => {
  answer(kList, page([entry(1)]));
  const { router } = renderPage(<AuditPage />, { at: '/audit?turn=trn_1&outcome=bad' });
  await screen.findByText('fs.read1');
  act(() => press('egress'));
  await waitFor(() => expect(router.state.location.pathname).toBe('/egress'));
  expect(router.state.location.search).toEqual({ turn: 'trn_1' });
});
