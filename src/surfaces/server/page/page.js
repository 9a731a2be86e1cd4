// SPDX-License-Identifier: MIT
// The page of the daemon: logs in with the code of a link, then shows status, sessions and what waits for a person, live over the bus.
// Everything foreign goes into the page as text, never as markup.
'use strict';

const kCsrf = 'pryx_csrf';
const kRefreshDelay = 150;       // events come in groups: one reload for all of them
const kLongestPause = 15000;
const $ = (id) => document.getElementById(id);

let socket = null;
let pause = 500;
let since = null;
let refreshTimer = 0;
let offlineSince = null;
const drafts = new Map();        // reasons being typed, by approval: a refresh must not eat them

class Problem extends Error {
  constructor(status, body) {
    super(body.detail || 'The daemon answered ' + status + '.');
    this.status = status;
    this.code = body.code || '';
  }
}

async function call(method, path, body) {
  const headers = {};
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const csrf = localStorage.getItem(kCsrf);
  if (method !== 'GET' && csrf) headers['X-Pryx-CSRF'] = csrf;
  const answer = await fetch('/api/v1' + path, {method, headers, body: body === undefined ? undefined : JSON.stringify(body), credentials: 'same-origin'});
  const text = await answer.text();
  let parsed = {};
  try { parsed = text ? JSON.parse(text) : {}; } catch { parsed = {}; }
  if (!answer.ok) throw new Problem(answer.status, parsed);
  return parsed;
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function button(label, className, action) {
  const made = element('button', className, label);
  made.type = 'button';
  made.addEventListener('click', action);
  return made;
}

function showConnection(kind, text) {
  const chip = $('connection');
  if (chip.textContent === text) return;
  chip.className = 'chip ' + kind;
  chip.textContent = text;
}

function showBanner(text) {
  $('banner').hidden = !text;
  $('banner').textContent = text || '';
}

function showSignedOut(error) {
  if (socket) { const old = socket; socket = null; old.close(); }
  $('signed-in').hidden = true;
  $('logout').hidden = true;
  $('signed-out').hidden = false;
  $('login-error').hidden = !error;
  $('login-error').textContent = error || '';
  showConnection('idle', '○ not logged in');
}

// --- what is shown ---

function timeElement(iso) {
  const made = element('time', '', relative(iso));
  made.dateTime = iso;
  made.title = new Date(iso).toLocaleString();
  return made;
}

function relative(iso) {
  const seconds = Math.max(0, (Date.now() - Date.parse(iso)) / 1000);
  if (seconds < 60) return 'just now';
  if (seconds < 3600) return Math.floor(seconds / 60) + ' min ago';
  if (seconds < 86400) return Math.floor(seconds / 3600) + ' h ago';
  return Math.floor(seconds / 86400) + ' d ago';
}

function duration(seconds) {
  if (seconds < 60) return seconds + ' s';
  if (seconds < 3600) return Math.floor(seconds / 60) + ' min';
  if (seconds < 172800) return Math.floor(seconds / 3600) + ' h';
  return Math.floor(seconds / 86400) + ' d';
}

function renderStatus(status) {
  const safe = status.mode === 'safe';
  const work = status.turns.running + ' running, ' + status.turns.queued + ' queued' + (status.turns.paused ? ' (paused)' : '');
  const facts = [
    ['Version', status.version],
    ['Up for', duration(status.uptime_seconds)],
    ['Mode', safe ? 'safe: ' + (status.safe_mode_reason || 'after repeated crashes') : status.mode],
    ['Turns', work],
    ['Default model', status.default_model],
    ['Key kept in', status.key_backend],
    ['Address', status.url || status.socket || ''],
  ];
  const list = $('status');
  list.replaceChildren();
  for (const [name, value] of facts) list.append(element('dt', '', name), element('dd', '', value));
  showBanner(safe ? 'Safe mode: messages are accepted and wait. To leave it: pryx daemon restart' : '');
}

function renderSessions(sessions) {
  const rows = sessions.map((session) => {
    const row = element('tr');
    row.append(element('td', session.unread ? 'unread' : '', (session.unread ? '● ' : '') + (session.title || 'Untitled')));
    row.append(element('td', '', session.model || 'default'));
    row.append(element('td', 'number', String(session.message_count)));
    const changed = element('td');
    changed.append(timeElement(session.updated_at));
    row.append(changed);
    return row;
  });
  $('sessions').replaceChildren(...rows);
  $('sessions-empty').hidden = rows.length > 0;
}

function approvalCard(approval) {
  const card = element('article', 'card approval');
  card.dataset.id = approval.id;
  const title = element('h3');
  title.append(element('span', 'chip warn waiting', 'waiting for you'), element('span', '', approval.tool));
  const why = element('p', 'why', approval.reason + ' ');
  const until = element('span', '', '· runs out at ' + new Date(approval.expires_at).toLocaleTimeString());
  why.append(until);
  const problem = element('p', 'problem');
  problem.setAttribute('role', 'alert');
  problem.hidden = true;
  const reason = element('input');
  reason.type = 'text';
  reason.placeholder = 'Reason, if you deny (the agent reads it)';
  reason.setAttribute('aria-label', 'Reason for denying ' + approval.tool);
  reason.value = drafts.get(approval.id) || '';
  reason.addEventListener('input', () => drafts.set(approval.id, reason.value));
  const actions = element('div', 'actions');
  const answer = (body) => resolveApproval(approval.id, body, actions, problem);
  actions.append(button('Deny', '', () => answer({decision: 'deny', reason: reason.value})));
  actions.append(button('Allow once', 'primary', () => answer({decision: 'approve', scope: 'once'})));
  if (approval.rule_suggestion) {
    actions.append(button('Allow in this session', '', () => answer({decision: 'approve', scope: 'session'})));
    const always = button('Always allow…', '', () => {
      always.textContent = 'Always allow ' + approval.rule_suggestion;
      always.onclick = () => answer({decision: 'approve', scope: 'always'});
    });
    actions.append(always);
  }
  actions.append(reason);
  card.append(title, element('pre', '', approval.rendering), why, problem, actions);
  return card;
}

async function resolveApproval(id, body, actions, problem) {
  for (const control of actions.children) control.disabled = true;
  try {
    await call('POST', '/approvals/' + encodeURIComponent(id), body);
    drafts.delete(id);
  } catch (error) {
    if (error.status === 401) return showSignedOut('Your session is over.');
    problem.hidden = false;
    problem.textContent = error.message + (error.code ? ' (' + error.code + ')' : '');
    for (const control of actions.children) control.disabled = false;
    return;
  }
  scheduleRefresh();
  $('main').focus();
}

// A card that is still pending keeps its element, and with it focus and half-typed text.
function renderApprovals(approvals) {
  const list = $('approvals');
  const present = new Map([...list.querySelectorAll('article')].map((card) => [card.dataset.id, card]));
  const cards = approvals.map((approval) => present.get(approval.id) || approvalCard(approval));
  const wanted = new Set(approvals.map((approval) => approval.id));
  for (const [id, card] of present) if (!wanted.has(id)) card.remove();
  for (const card of cards) if (!card.isConnected) list.append(card);
  const empty = list.querySelector('.empty');
  if (approvals.length === 0 && !empty) list.append(element('p', 'empty', 'Nothing waits for an answer.'));
  if (approvals.length > 0 && empty) empty.remove();
  $('approvals-count').textContent = approvals.length > 0 ? '(' + approvals.length + ')' : '';
  document.title = approvals.length > 0 ? '(' + approvals.length + ') Pryx' : 'Pryx';
}

async function refresh() {
  const [status, approvals, sessions] = await Promise.all([
    call('GET', '/status'), call('GET', '/approvals?state=pending'), call('GET', '/sessions?limit=25')]);
  renderStatus(status);
  renderApprovals(approvals.items);
  renderSessions(sessions.items);
  return status.event_version;
}

function scheduleRefresh() {
  if (refreshTimer) return;
  refreshTimer = setTimeout(async () => {
    refreshTimer = 0;
    try { await refresh(); } catch (error) { if (error.status === 401) showSignedOut('Your session is over.'); }
  }, kRefreshDelay);
}

// --- live ---

function connect() {
  const filter = 'events=approval.*,session.*,turn.started,turn.completed,turn.failed,turn.cancelled,turn.needs_attention,status.changed,bus.reset';
  const url = location.origin.replace(/^http/, 'ws') + '/api/v1/ws?' + filter + (since === null ? '' : '&since=' + since);
  const opened = new WebSocket(url);
  socket = opened;
  opened.addEventListener('open', () => {
    pause = 500;
    offlineSince = null;
    showBanner('');
    showConnection('ok', '✓ live');
    scheduleRefresh();
  });
  opened.addEventListener('message', (message) => {
    let event = null;
    try { event = JSON.parse(message.data); } catch { return; }
    if (event.type !== 'event') return;
    since = event.version;
    scheduleRefresh();
  });
  opened.addEventListener('close', () => { if (socket === opened) reconnect(); });
}

async function reconnect() {
  offlineSince = offlineSince || new Date();
  showConnection('warn', '○ not reachable');
  showBanner('The daemon is not reachable since ' + offlineSince.toLocaleTimeString() + '. Trying again.');
  await new Promise((done) => setTimeout(done, pause));
  pause = Math.min(pause * 2, kLongestPause);
  try {
    since = await refresh();
    connect();
  } catch (error) {
    if (error.status === 401 || error.status === 403) return showSignedOut('Your session is over.');
    reconnect();
  }
}

async function showSignedIn() {
  since = await refresh();
  $('signed-out').hidden = true;
  $('signed-in').hidden = false;
  $('logout').hidden = false;
  connect();
}

async function logOut() {
  try { await call('POST', '/logout'); } catch (error) { if (error.status !== 401) return showBanner(error.message); }
  localStorage.removeItem(kCsrf);
  showSignedOut('');
}

async function start() {
  $('logout').addEventListener('click', logOut);
  const code = new URLSearchParams(location.hash.slice(1)).get('code');
  // Without a login there is nothing to ask for.
  if (!code && !localStorage.getItem(kCsrf)) return showSignedOut('');
  try {
    if (code) {
      // Out of the address bar and the history before anything else: it is a secret for a minute.
      history.replaceState(null, '', location.pathname);
      const login = await call('POST', '/login', {code});
      localStorage.setItem(kCsrf, login.csrf_token);
    }
    await showSignedIn();
  } catch (error) {
    showSignedOut(code || (error.status && error.status !== 401) ? error.message : '');
  }
}

start();
