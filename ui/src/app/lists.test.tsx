// SPDX-License-Identifier: MIT
// What the keyboard map promises of every list: `.` opens the commands of the row in focus, `c l` copies its link.
import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { ReactNode } from 'react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { useActionRegistry } from '@/actions/actions';
import { KeyReader } from '@/actions/keys';
import { ApprovalsPage } from '@/features/approvals/approvals-page';
import { AuditPage } from '@/features/audit/audit-page';
import { EgressPage } from '@/features/egress/egress-page';
import { ModelsPage } from '@/features/models/models-page';
import { ProcessesPage } from '@/features/processes/processes-page';
import { SessionsPage } from '@/features/sessions/sessions-page';
import { type Asked, answer, renderPage, startFakeDaemon } from '../../test/page';
import { Overlays } from './overlays';
import { closeOverlay, useShell } from './shell-state';

const kWhen = '2026-01-01T00:00:00.000Z';
const list = (items: unknown[]) => ({ items, next_cursor: null });

const session = (id: string) => ({
  id,
  workspace_id: null,
  agent: 'default',
  model: null,
  title: `Title of ${id}`,
  status: 'active',
  surface: 'cli',
  parent_id: null,
  message_count: 1,
  unread: false,
  last_turn_id: 'trn_1',
  last_state: 'completed',
  cost: null,
  unpriced_calls: 0,
  input_tokens: 0,
  output_tokens: 0,
  created_at: kWhen,
  updated_at: kWhen,
  snippet: null,
});

const entry = (index: number) => ({
  index,
  at: kWhen,
  kind: 'tool.outcome',
  actor: 'cli',
  session_id: 'ses_1',
  turn_id: 'trn_1',
  step_id: null,
  subject: 'fs.read',
  detail: {},
  success: true,
  personal: null,
  erased: false,
  hash: 'ab12cd34ef56'.repeat(5),
});

const decided = (id: string) => ({
  id,
  session_id: 'ses_1',
  turn_id: 'trn_1',
  step_id: 'stp_1',
  tool: 'fs.write',
  arguments: { path: 'a.txt', content: 'x' },
  rendering: `fs.write ${id}.txt`,
  preview: null,
  shown_whole: true,
  confirm_code: null,
  call_hash: 'sha256:1',
  bound: {},
  reason: 'no rule matches fs.write',
  risk: 'medium',
  labels: ['owner'],
  changes: [],
  replaces: null,
  plan_id: null,
  rule_suggestion: null,
  state: 'denied',
  created_at: kWhen,
  expires_at: kWhen,
  resolved_at: kWhen,
  resolved_by: 'web',
  scope: null,
  answer_reason: null,
  launch_by: null,
  used_at: null,
});

const model = (id: string) => ({
  id,
  provider: 'cloud',
  context_tokens: 128_000,
  max_output_tokens: 16_000,
  price: null,
  family: null,
  tokenizer: null,
  takes: ['text'],
  gives: ['text'],
  tools: true,
  reasoning: false,
  as_of: '2026-07-02',
  source: 'catalog',
  default: false,
});

const background = (id: string) => ({
  id,
  session_id: 'ses_1',
  scope: 'session',
  mode: 'hybrid',
  tag: '',
  command: `npm run ${id}`,
  cwd: '/home/me',
  hosts: [],
  state: 'running',
  exit_code: null,
  signal: null,
  reason: '',
  started_at: kWhen,
  ended_at: null,
});

const request = (number: number) => ({
  number,
  at: kWhen,
  ended_at: kWhen,
  tool: 'http.request',
  method: 'GET',
  scheme: 'https',
  host: 'docs.example.org',
  port: 443,
  peer: null,
  status: 200,
  state: 'done',
  reason: null,
  bytes_out: 1,
  bytes_in: 1,
  session_id: 'ses_1',
  turn_id: 'trn_1',
  step_id: null,
});

beforeEach(() => {
  startFakeDaemon();
  // There is no layout here: a list is given a height, so that it has rows.
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(600);
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1200);
  for (const route of ['agents', 'workspaces', 'providers', 'providers/presets'])
    answer(`GET /api/v1/${route}`, list([]));
  answer('GET /api/v1/sessions', list([session('ses_1'), session('ses_2')]));
  answer('GET /api/v1/audit', list([entry(2), entry(1)]));
  answer('GET /api/v1/audit/status', {
    size: 2,
    signed_size: 2,
    signed_at: kWhen,
    problem: null,
    verified: null,
  });
  answer('GET /api/v1/approvals', ({ query }: Asked) =>
    list(query.get('state') === 'decided' ? [decided('apr_1'), decided('apr_2')] : []),
  );
  answer('GET /api/v1/egress', list([request(2), request(1)]));
  answer('GET /api/v1/processes', list([background('prc_2'), background('prc_1')]));
  answer('GET /api/v1/models', list([model('cloud/small'), model('cloud/big')]));
  answer('GET /api/v1/models/catalog', {
    as_of: '2026-07-02',
    source: 'x',
    models: 2,
    from: null,
    fetched_at: null,
    own_models: 0,
    problem: null,
  });
});
afterEach(closeOverlay);

type Case = [name: string, page: ReactNode, at: string, own: string, link: string];
const kCases: Case[] = [
  ['sessions', <SessionsPage key="s" />, '/sessions', 'Rename session', '/chat/ses_2'],
  ['audit', <AuditPage key="a" />, '/audit', 'Prove this entry', '/audit?entry=1'],
  [
    'decided approvals',
    <ApprovalsPage key="d" />,
    '/approvals?tab=decided',
    'Open its session',
    '/approvals?tab=decided&open=apr_2',
  ],
  ['network', <EgressPage key="e" />, '/egress', 'Open the trace of its turn', '/egress?request=1'],
  ['processes', <ProcessesPage key="p" />, '/processes', 'Stop process', '/processes?process=prc_1'],
  ['models', <ModelsPage key="m" />, '/models', 'Show the model', '/models?model=cloud%2Fbig'],
];

test.each(kCases)('%s', async (_name, page, at, own, link) => {
  const user = userEvent.setup();
  const copied = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
  const reader = new KeyReader();
  const press = (key: string) => {
    const actions = useActionRegistry.getState().actions.values();
    act(() => reader.read(new KeyboardEvent('keydown', { key }), actions)?.run());
  };
  renderPage(
    <>
      {page}
      <Overlays />
    </>,
    { at },
  );
  const grid = await screen.findByRole('grid');
  fireEvent.keyDown(grid, { key: 'ArrowDown' });

  press('.');
  const items = within(await screen.findByRole('menu')).getAllByRole('menuitem');
  const texts = items.map((one) => one.textContent ?? '');
  expect(texts.some((text) => text.startsWith(own))).toBe(true);
  expect(texts).toContain('Copy linkC then L');
  await user.keyboard('{Escape}');
  await waitFor(() => expect(screen.queryByRole('menu')).toBeNull());
  await waitFor(() => expect(document.activeElement).toBe(grid));

  press('c');
  press('l');
  await waitFor(() => expect(copied).toHaveBeenCalledWith(`${location.origin}${link}`));

  act(() => useShell.setState({ open: 'help' }));
  const help = within(await screen.findByRole('dialog'));
  expect(help.getByRole('button', { name: /Commands of this row/ }).textContent).toMatch(/\.$/);
  expect(help.getByRole('button', { name: /Copy link/ }).textContent).toMatch(/C then L$/);
});
