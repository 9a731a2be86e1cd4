// SPDX-License-Identifier: MIT
// What a journey is given: a real daemon with a home of its own, its CLI, and a page of Debian's Chromium that is signed in by a login link.
import { execFile, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serveDist } from './serve.mjs';

export const root = resolve(fileURLToPath(new URL('../..', import.meta.url)));
const require = createRequire(join(root, 'ui/package.json'));
export const { chromium } = require('playwright-core');
export const axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export const kTags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
export const kPages = [
  ['home', '/'],
  ['welcome', '/welcome'],
  ['welcome model', '/welcome?step=model'],
  ['welcome task', '/welcome?step=task'],
  ['chat', '/chat'],
  ['sessions', '/sessions'],
  ['approvals', '/approvals'],
  ['approvals decided', '/approvals?tab=decided'],
  ['policy', '/policy'],
  ['policy lists', '/policy?tab=lists'],
  ['policy modes', '/policy?tab=modes'],
  ['policy test', '/policy?tab=test'],
  ['policy tests', '/policy?tab=tests'],
  ['policy history', '/policy?tab=history'],
  ['policy source', '/policy?tab=source'],
  ['audit', '/audit'],
  ['processes', '/processes'],
  ['network', '/egress'],
  ['costs', '/costs'],
  ['models', '/models'],
  ['providers', '/models?tab=providers'],
  ['local servers', '/models?tab=local'],
  ['memory', '/memory'],
  ['agents', '/agents'],
  ['skills', '/agents?tab=skills'],
  ['tools', '/agents?tab=tools'],
  ['settings', '/settings'],
  ['workspaces', '/settings?tab=workspaces'],
  ['secrets', '/settings?tab=secrets'],
  ['tokens', '/settings?tab=tokens'],
  ['devices', '/settings?tab=devices'],
  ['config file', '/settings?tab=file'],
  ['look', '/settings?tab=look'],
];

export function expect(condition, what) {
  if (!condition) throw new Error(what);
}
export function equal(found, wanted, what) {
  if (found !== wanted) throw new Error(`${what}: expected ${JSON.stringify(wanted)}, found ${JSON.stringify(found)}`);
}

export async function until(what, check, limit = 20_000) {
  const end = Date.now() + limit;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${limit / 1000} s: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

// The user that a daemon started by root works as may write here.
function openFolder(path) {
  mkdirSync(path, { recursive: true });
  chmodSync(path, 0o777);
  return path;
}

export class Daemon {
  constructor(binaries, box, dist) {
    // A built application to show instead of the one inside the program.
    this.dist = dist;
    this.program = join(binaries, 'pryx');
    this.home = join(box, 'home');
    this.workspace = openFolder(join(box, 'workspace'));
    mkdirSync(this.home);
    writeFileSync(join(this.workspace, 'notes.md'), '# Notes\nBuy tea.\n');
    writeFileSync(join(this.workspace, 'plan.txt'), 'one\ntwo\n');
    for (const file of ['notes.md', 'plan.txt']) chmodSync(join(this.workspace, file), 0o666);
    this.env = { ...process.env, PRYX_HOME: this.home, NO_COLOR: '1' };
    this.listen = '127.0.0.1:0';
    this.contexts = [];
  }

  get core() {
    return JSON.parse(readFileSync(join(this.home, 'run/core.json'), 'utf8'));
  }

  async start() {
    this.process = spawn(this.program, ['serve', '--listen', this.listen], { env: this.env, stdio: ['ignore', 'ignore', 'pipe'] });
    this.log = '';
    this.process.stderr.on('data', (text) => {
      this.log = (this.log + text).slice(-20_000);
    });
    const mine = this.process;
    await until('the daemon is up', () => {
      if (mine.exitCode !== null) throw new Error(`the daemon ended with ${mine.exitCode}: ${this.log.slice(-500)}`);
      try {
        return existsSync(join(this.home, 'run/core.json')) && this.core.pid && this.core.url;
      } catch {
        return false;
      }
    });
    this.listen = new URL(this.core.url).host;
    if (this.dist) this.front ??= await serveDist(this.dist, this.core.url);
    this.url = this.front?.url ?? this.core.url;
  }

  // kill -9 leaves core.json behind; a new start must not read the old one.
  async end(signal) {
    const ended = new Promise((done) => this.process.once('exit', done));
    this.process.kill(signal);
    await ended;
    rmSync(join(this.home, 'run/core.json'), { force: true });
  }

  async close() {
    for (const context of this.contexts) await context.close().catch(() => {});
    if (this.process?.exitCode === null && this.process.signalCode === null) await this.end('SIGTERM');
    this.front?.stop();
  }

  // A window of its own, closed with the daemon.
  async window(browser, options = {}) {
    const context = await browser.newContext(options);
    this.contexts.push(context);
    return context;
  }

  cli(...args) {
    return new Promise((done, fail) => {
      execFile(this.program, args, { env: this.env, cwd: this.workspace, timeout: 60_000 }, (error, stdout, stderr) => {
        if (error) fail(new Error(`pryx ${args.join(' ')}: ${stderr || error.message}`));
        else done(stdout);
      });
    });
  }

  async json(...args) {
    return JSON.parse(await this.cli(...args, '--json'));
  }

  // The path and fragment of a login link that works once.
  async link() {
    const url = new URL((await this.cli('open', '--print')).trim());
    return `${url.pathname}${url.hash}`;
  }
}

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    // Chromium's own sandbox refuses to run as root; what is shown is our own page.
    args: process.getuid() === 0 ? ['--no-sandbox'] : [],
  });
}

// A page that is signed in: by a login link the first time, by that browser's cookie then. `strays` collects what it asked of
// anybody but its daemon, `errors` what broke in it, `open` what is asked and not answered.
export async function signedIn(browser, daemon, { theme = 'light', width = 1280, height = 800, path = '/' } = {}) {
  const context = await daemon.window(browser, {
    viewport: { width, height },
    colorScheme: theme,
    permissions: ['clipboard-read', 'clipboard-write'],
    storageState: daemon.signedIn,
  });
  const page = await context.newPage();
  page.strays = [];
  page.errors = [];
  page.open = new Set();
  page.setDefaultTimeout(15_000);
  page.on('request', (request) => {
    page.open.add(request);
    const url = request.url();
    if (!url.startsWith(daemon.url) && !/^(data|blob):/.test(url)) page.strays.push(url);
  });
  for (const end of ['requestfinished', 'requestfailed']) page.on(end, (request) => page.open.delete(request));
  page.on('pageerror', (error) => page.errors.push(error.message));
  page.on('console', (message) => {
    if (/content security policy|trusted ?type/i.test(message.text())) page.errors.push(message.text());
  });
  if (!daemon.signedIn) await page.goto(daemon.url + (await daemon.link()));
  if (daemon.signedIn || path !== '/') {
    if (!daemon.signedIn) await page.getByRole('navigation', { name: 'Pages' }).first().waitFor();
    await page.goto(daemon.url + path);
  }
  await page.getByRole('navigation', { name: 'Pages' }).first().waitFor();
  daemon.signedIn ??= await context.storageState();
  return page;
}

// What the page itself may ask of the daemon, without the page.
export async function ask(page, daemon, method, path, body) {
  const token = await page.evaluate(() => localStorage.getItem('pryx_csrf'));
  const answer = await page.context().request.fetch(`${daemon.url}/api/v1${path}`, {
    method,
    data: body,
    headers: { 'X-Pryx-CSRF': token, Origin: daemon.url },
  });
  if (!answer.ok()) throw new Error(`${method} ${path}: ${answer.status()} ${(await answer.text()).slice(0, 300)}`);
  return answer.json();
}

// `more`: which rules what changed since the last time can break.
export async function violations(page, more = {}) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axeSource);
  const result = await page.evaluate((options) => window.axe.run(document, { resultTypes: ['violations'], ...options }), { runOnly: kTags, ...more });
  return result.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 200)).join(' | ')}`);
}

// Nothing is loading or animated any more, and what came is drawn.
export async function settled(page) {
  const isCalm = () =>
    page.evaluate(async () => {
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      const moves = document.getAnimations().some((one) => one.playState === 'running' && one.effect.getComputedTiming().endTime !== Infinity);
      return !moves && !document.querySelector('[aria-busy=true]') && document.querySelector('h1') !== null;
    });
  let calm = 0;
  await until('the page is settled', async () => {
    calm = page.open.size === 0 && (await isCalm()) && page.open.size === 0 ? calm + 1 : 0;
    return calm >= 2;
  });
}

// What is in the window, as a file that holds a picture.
export async function takePicture(page, path) {
  await page.screenshot({ path });
  const { width, height } = page.viewportSize();
  const bytes = readFileSync(path);
  // The first chunk of a PNG says how large it is.
  expect(bytes.toString('latin1', 1, 4) === 'PNG', `${path} is no picture`);
  equal(`${bytes.readUInt32BE(16)} x ${bytes.readUInt32BE(20)}`, `${width} x ${height}`, `the size of ${path}`);
}

export async function withBox(call) {
  const box = mkdtempSync(join(tmpdir(), 'pryx-ui-'));
  chmodSync(box, 0o755);
  try {
    return await call(box);
  } finally {
    rmSync(box, { recursive: true, force: true });
  }
}
