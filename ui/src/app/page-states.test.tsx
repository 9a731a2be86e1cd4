// SPDX-License-Identifier: MIT
// The five states of every page: it loads, there is nothing, it cannot be read, the daemon is away, and it is there.
// Over 500 lines: one table of every page, and a daemon that has one of everything.
import { act, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { ReactNode } from 'react';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { AgentsPage } from '@/features/agents/agents-page';
import { ApprovalsPage } from '@/features/approvals/approvals-page';
import { AuditPage } from '@/features/audit/audit-page';
import { ChatPage } from '@/features/chat/chat-page';
import { CostsPage } from '@/features/costs/costs-page';
import { EgressPage } from '@/features/egress/egress-page';
import { HomePage } from '@/features/home/home-page';
import { MemoryPage } from '@/features/memory/memory-page';
import { ModelsPage } from '@/features/models/models-page';
import { OnboardingPage } from '@/features/onboarding/onboarding-page';
import { PolicyPage } from '@/features/policy/policy-page';
import { ProcessesPage } from '@/features/processes/processes-page';
import { SessionsPage } from '@/features/sessions/sessions-page';
import { SettingsPage } from '@/features/settings/settings-page';
import { TracePage } from '@/features/trace/trace-page';
import { t } from '@/i18n';
import { type Asked, answer, problem, renderPage, startFakeDaemon } from '../../test/page';

// There is no canvas here.
vi.mock('@/features/costs/chart', () => ({ CostChart: () => null }));

const kWhen = '2026-01-01T00:00:00.000Z';
const list = (...items: unknown[]) => ({ items, next_cursor: null });
const usd = (amount: string) => ({ amount, currency: 'USD' });
const kUsage = {
  input_tokens: 10,
  output_tokens: 2,
  cached_input_tokens: 0,
  cache_write_tokens: 0,
  reasoning_tokens: 0,
  estimated: false,
};
const kTotal = { calls: 1, usage: kUsage, cost: usd('1.25'), unpriced_calls: 0, estimated_calls: 0 };
const kSession = {
  id: 'ses_1',
  workspace_id: null,
  agent: 'default',
  model: null,
  title: 'Nightly build',
  status: 'active',
  surface: 'web',
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
};
const kTurn = {
  id: 'trn_1',
  session_id: 'ses_1',
  session_title: 'Nightly build',
  state: 'completed',
  surface: 'web',
  model: 'cloud/big',
  answered_by: 'cloud/big',
  message_id: 'msg_1',
  usage: kUsage,
  cost: null,
  unpriced_calls: 0,
  trace_id: '0'.repeat(32),
  denied_calls: 0,
  error: null,
  created_at: kWhen,
  started_at: kWhen,
  ended_at: kWhen,
  steps: [],
  partial: [],
};
const kMessage = {
  id: 'msg_1',
  session_id: 'ses_1',
  role: 'user',
  turn_id: 'trn_1',
  step_id: null,
  parts: [{ type: 'text', state: 'complete', text: 'Why is it slow?', labels: [] }],
  created_at: kWhen,
};
const kDecided = {
  id: 'apr_1',
  session_id: 'ses_1',
  turn_id: 'trn_1',
  step_id: 'stp_1',
  tool: 'fs.write',
  arguments: { path: 'a.txt', content: 'x' },
  rendering: 'fs.write a.txt',
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
};
const kWaiting = {
  ...kDecided,
  state: 'pending',
  expires_at: new Date(Date.now() + 300_000).toISOString(),
  resolved_at: null,
  resolved_by: null,
};
const kEntry = {
  index: 1,
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
};
const kRequest = {
  number: 1,
  at: kWhen,
  ended_at: kWhen,
  tool: 'http.request',
  method: 'GET',
  scheme: 'https',
  host: 'docs.example.org',
  port: 443,
  peer: '203.0.113.7',
  status: 200,
  state: 'done',
  reason: null,
  bytes_out: 120,
  bytes_in: 2048,
  session_id: 'ses_1',
  turn_id: 'trn_1',
  step_id: null,
};
const kModel = {
  id: 'cloud/big',
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
  default: true,
};
const kPolicy = {
  path: '/config/policy.yaml',
  exists: true,
  text: 'tools:\n  allowed:\n    - fs.read\n  denied: []\n',
  hash: 'sha256:1',
  in_force: 'file',
  in_force_text: '',
  version: 'v1',
  problems: [],
};
const kTrace = {
  turn_id: 'trn_1',
  session_id: 'ses_1',
  trace_id: 'f'.repeat(32),
  state: 'completed',
  complete: true,
  spans: [
    {
      trace_id: 'f'.repeat(32),
      span_id: 'a',
      parent_span_id: null,
      session_id: 'ses_1',
      turn_id: 'trn_1',
      step_id: null,
      kind: 'turn',
      name: 'invoke_agent default',
      started_at: kWhen,
      ended_at: '2026-01-01T00:00:04.000Z',
      duration_us: 4_000_000,
      status: 'ok',
      message: null,
      attributes: {},
    },
  ],
  total: kTotal,
};
const kSetting = {
  key: 'tools.max_steps',
  value: 50,
  default: 50,
  type: 'integer',
  description: 'Calls of one turn.',
  choices: null,
  min: 1,
  max: 1000,
  unit: 'calls',
  nothing: null,
  environment: null,
  origin: 'default',
  source: 'default',
  needs_restart: false,
};
const kProcess = {
  id: 'prc_1',
  session_id: 'ses_1',
  scope: 'session',
  mode: 'hybrid',
  tag: 'server',
  command: 'npm run dev',
  cwd: '/home/me/tides',
  hosts: [],
  state: 'running',
  exit_code: null,
  signal: null,
  reason: '',
  started_at: kWhen,
  ended_at: null,
  lines: [],
  total_lines: 0,
  total_bytes: 0,
};
const kWorkspace = { id: 'wsp_1', path: '/home/me/tides', name: 'tides', private: false, created_at: kWhen };

// A daemon that has one of everything.
const kAll: Record<string, unknown> = {
  agents: list({ id: 'reader', description: 'Reads', model: null, built_in: false, state: 'file' }),
  approvals: ({ query }: Asked) => list(query.get('state') === 'pending' ? kWaiting : kDecided),
  audit: list(kEntry),
  'audit/status': { size: 1, signed_size: 1, signed_at: kWhen, problem: null, verified: null },
  budgets: list(),
  costs: { ...list({ key: 'cloud/big', ...kTotal }), group_by: 'model', total: kTotal },
  diagnostics: {
    status: 'ready',
    version: '0.1.0',
    components: [{ name: 'store', state: 'ok', required: true, detail: null, version: null }],
  },
  egress: list(kRequest),
  grants: list(),
  memory: list({
    id: 'mem_1',
    type: 'longterm',
    text: 'The tide table is blue',
    labels: [],
    session_id: null,
    created_at: kWhen,
  }),
  models: list(kModel),
  'models/catalog': {
    as_of: '2026-07-02',
    source: 'x',
    models: 1,
    from: null,
    fetched_at: null,
    own_models: 0,
    problem: null,
  },
  policy: kPolicy,
  'policy/templates': list({ name: 'default', description: 'Reads only.', text: kPolicy.text }),
  processes: list(kProcess),
  providers: list(),
  'providers/presets': list(),
  'providers/local': { ...list(), ports: [11434], memory: null },
  secrets: list(),
  sessions: list(kSession),
  'sessions/{id}': kSession,
  'sessions/{id}/messages': list(kMessage),
  'sessions/{id}/children': list(),
  'sessions/{id}/context': {
    session_id: 'ses_1',
    model: 'cloud/big',
    used_tokens: 10,
    conversation_tokens: 10,
    limit_tokens: 1000,
    limit_known: true,
    percent: 1,
    unread_messages: 0,
    pins: [],
    compactions: [],
  },
  settings: { settings: { 'tools.max_steps': 50 }, origins: {}, sources: {}, ...list(kSetting) },
  status: {
    version: '0.1.0',
    uptime_seconds: 60,
    default_model: 'cloud/big',
    turns: { running: 1, queued: 0, paused: false },
    approvals_pending: 0,
  },
  tokens: list(),
  tools: list({ name: 'fs.read', parameters: {} }),
  'traces/{turn}': kTrace,
  turns: ({ query }: Asked) =>
    list(...(query.get('state')?.includes('running') ? [{ ...kTurn, state: 'running' }] : [])),
  'turns/{id}': kTurn,
  workspaces: list(kWorkspace),
};

type Case = {
  name: string;
  page: ReactNode;
  at: string;
  path?: string;
  // What it says of what it could not read.
  what: string;
  // What is different when there is nothing, and what it says then.
  none: { answers: Record<string, unknown>; at?: string; said: string };
  // What is seen of what is there.
  ready: () => Promise<unknown>;
};

const text = (wanted: string | RegExp) => () => screen.findAllByText(wanted);

const kPages: Case[] = [
  {
    name: 'home',
    page: <HomePage />,
    at: '/',
    what: 'home.running.what',
    none: { answers: { approvals: list(), turns: list() }, said: 'home.running.none' },
    ready: text('Nightly build'),
  },
  {
    name: 'chat',
    page: <ChatPage />,
    at: '/chat',
    what: 'chat.list.failed',
    none: { answers: { sessions: list() }, said: 'chat.list.empty' },
    ready: text('Nightly build'),
  },
  {
    name: 'one conversation',
    page: <ChatPage />,
    at: '/chat/ses_1',
    path: '/chat/$session',
    what: 'chat.load.failed',
    none: {
      answers: { 'sessions/{id}': problem(404, 'PRYX-1003', 'there is no session') },
      said: 'chat.gone',
    },
    ready: text('Why is it slow?'),
  },
  {
    name: 'sessions',
    page: <SessionsPage />,
    at: '/sessions',
    what: 'sessions.failed',
    none: { answers: { sessions: list() }, said: 'sessions.empty.title' },
    ready: text('Nightly build'),
  },
  {
    name: 'processes',
    page: <ProcessesPage />,
    at: '/processes',
    what: 'processes.error',
    none: { answers: { processes: list() }, said: 'processes.empty' },
    ready: text('npm run dev'),
  },
  {
    name: 'trace',
    page: <TracePage />,
    at: '/trace/trn_1?view=table',
    path: '/trace/$turn',
    what: 'trace.failed',
    none: { answers: { 'traces/{turn}': { ...kTrace, spans: [] } }, said: 'trace.empty.title' },
    ready: () => screen.findAllByText(t('trace.spans', { count: 1 })),
  },
  {
    name: 'approvals that wait',
    page: <ApprovalsPage />,
    at: '/approvals',
    what: 'approvals.what',
    none: { answers: { approvals: list() }, said: 'approvals.none' },
    ready: () => screen.findAllByRole('button', { name: /^Deny/ }),
  },
  {
    name: 'decided approvals',
    page: <ApprovalsPage />,
    at: '/approvals?tab=decided',
    what: 'approvals.what',
    none: { answers: { approvals: list() }, said: 'approvals.decided.none' },
    ready: text('fs.write a.txt'),
  },
  {
    name: 'policy',
    page: <PolicyPage />,
    at: '/policy',
    what: 'policy.what',
    none: { answers: { policy: { ...kPolicy, text: 'tools: {}\n' } }, said: 'rules.none' },
    ready: text('fs.read'),
  },
  {
    name: 'audit',
    page: <AuditPage />,
    at: '/audit',
    what: 'audit.failed',
    none: { answers: { audit: list() }, said: 'audit.empty.title' },
    ready: text('fs.read'),
  },
  {
    name: 'network',
    page: <EgressPage />,
    at: '/egress',
    what: 'egress.failed',
    none: { answers: { egress: list() }, said: 'egress.empty' },
    ready: text(/docs\.example\.org/),
  },
  {
    name: 'costs',
    page: <CostsPage />,
    at: '/costs?by=model',
    what: 'costs.what',
    none: {
      answers: { costs: { ...list(), group_by: 'model', total: { ...kTotal, calls: 0 } } },
      said: 'costs.none',
    },
    ready: text('cloud/big'),
  },
  {
    name: 'models',
    page: <ModelsPage />,
    at: '/models',
    what: 'models.error',
    none: { answers: { models: list() }, said: 'models.empty' },
    ready: text('cloud/big'),
  },
  {
    name: 'memory',
    page: <MemoryPage />,
    at: '/memory',
    what: 'memory.error',
    none: { answers: { memory: list() }, said: 'memory.empty' },
    ready: text('The tide table is blue'),
  },
  {
    name: 'agents',
    page: <AgentsPage />,
    at: '/agents',
    what: 'agents.error',
    none: { answers: { agents: list() }, said: 'agents.empty' },
    ready: text('reader'),
  },
  {
    name: 'settings',
    page: <SettingsPage />,
    at: '/settings',
    what: 'settings.error',
    // There always are some; a filter may let none through.
    none: { answers: {}, at: '/settings?q=zebra', said: 'settings.empty.filtered' },
    ready: () => screen.findByLabelText('tools.max_steps'),
  },
  {
    name: 'set-up',
    page: <OnboardingPage />,
    at: '/welcome',
    path: '/welcome',
    what: 'welcome.workspace.error',
    none: { answers: { workspaces: list() }, said: 'welcome.workspace.path' },
    ready: () => screen.findByRole('button', { name: t('welcome.workspace.use', { name: 'tides' }) }),
  },
];

function answerAll(answers: Record<string, unknown>): void {
  for (const [route, reply] of Object.entries({ ...kAll, ...answers })) answer(`GET /api/v1/${route}`, reply);
}

const show = ({ page, at, path }: Case, elsewhere?: string) =>
  renderPage(page, { at: elsewhere ?? at, ...(path ? { path } : {}) });

const isBusy = (container: Element) => container.querySelector('[aria-busy=true]') !== null;

beforeEach(() => {
  startFakeDaemon();
  localStorage.clear();
  sessionStorage.clear();
  // There is no layout here: a list is given a height, so that it has rows.
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(600);
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1200);
  answer('POST /api/v1/policy/test', problem(404, 'PRYX-1003', 'no such tool'));
});

describe.each(kPages)('$name', (one) => {
  test('loading', async () => {
    answer('GET /.*', () => new Promise(() => {}));
    const { container } = show(one);
    await waitFor(() => expect(isBusy(container)).toBe(true));
    expect(screen.queryByText(t(one.what))).toBeNull();
    expect(screen.queryByRole('alert')).toBeNull();
  });

  test('empty', async () => {
    answerAll(one.none.answers);
    const { container } = show(one, one.none.at);
    expect((await screen.findAllByText(t(one.none.said))).length).toBeGreaterThan(0);
    await waitFor(() => expect(isBusy(container)).toBe(false));
    expect(screen.queryByRole('alert')).toBeNull();
  });

  test('error', async () => {
    answer('GET /.*', problem(500, 'PRYX-1900', 'the store is broken'));
    show(one);
    expect((await screen.findAllByText(t(one.what))).length).toBeGreaterThan(0);
    expect(screen.getAllByText('the store is broken').length).toBeGreaterThan(0);
    expect(screen.getAllByText('PRYX-1900').length).toBeGreaterThan(0);
    expect(screen.getAllByRole('button', { name: 'Try again' }).length).toBeGreaterThan(0);
  });

  test('offline', async () => {
    answer('GET /.*', () => {
      throw new TypeError('no network');
    });
    show(one);
    expect((await screen.findAllByText(t(one.what))).length).toBeGreaterThan(0);
    expect(screen.getAllByText(t('ui.error.offline')).length).toBeGreaterThan(0);
  });

  test('ready', async () => {
    answerAll({});
    const { container } = show(one);
    expect(await one.ready()).toBeTruthy();
    await waitFor(() => expect(isBusy(container)).toBe(false));
    expect(screen.queryByRole('alert')).toBeNull();
    expect(screen.queryByText(t(one.what))).toBeNull();
  });
});

// Those that do not leave it to <Loaded>.
const kOwnLoading = [
  'home',
  'chat',
  'one conversation',
  'sessions',
  'decided approvals',
  'audit',
  'network',
  'memory',
];

test.each(kPages.filter(({ name }) => kOwnLoading.includes(name)))(
  '$name: what takes over ten seconds can be cancelled',
  async (one) => {
    vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const user = userEvent.setup();
    answer('GET /.*', () => new Promise(() => {}));
    const { container } = show(one);
    await waitFor(() => expect(isBusy(container)).toBe(true));
    act(() => vi.advanceTimersByTime(10_200));
    const cancels = screen.getAllByRole('button', { name: t('ui.cancel') });
    for (const cancel of cancels) if (cancel.isConnected) await user.click(cancel);
    expect((await screen.findAllByText(t('ui.loading.cancelled'))).length).toBeGreaterThan(0);
    await waitFor(() => expect(isBusy(container)).toBe(false));
  },
);
