// SPDX-License-Identifier: MIT
// How the built pages bear what is large: a trace of 50,000 spans and a list of 100,000 sessions, in Chromium, against a server that
// makes them up. Fails when a limit is passed.   node tools/bench.ts [--slack 1]   after `vite build`
import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright-core';

const kDist = fileURLToPath(new URL('../dist/', import.meta.url));
const kSpans = 50_000;
const kSessions = 100_000;
// Limits of the design: a trace is there a second after its data, and everything together stays small.
const kFirstPaintMs = 1000;
const kHeapMiB = 250;
const kLeastFps = 55;
// A machine that is busy with other things gives no page all frames.
const kShareOfIdle = 0.9;

const kTypes: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
const kId = '01J9ZD3V3N8J4Q6R2S7T0W5X1Y';
const kBegin = Date.parse('2026-01-02T08:00:00Z');

const hex = (n: number) => n.toString(16).padStart(16, '0');
const iso = (ms: number) => new Date(kBegin + ms).toISOString().replace('Z', '000000Z');

// Twelve hours: agents of agents, bursts of calls, retries, and nights of waiting for a person.
function trace(): string {
  const spans: unknown[] = [];
  let at = 0;
  const add = (
    parent: number | null,
    kind: string,
    name: string,
    from: number,
    took: number,
    attributes: object,
    status = 'ok',
  ) => {
    const id = spans.length + 1;
    spans.push({
      trace_id: '01927ed1ec7544897360593e81c2f43e',
      span_id: hex(id),
      parent_span_id: parent === null ? null : hex(parent),
      session_id: `ses_${kId}`,
      turn_id: `trn_${kId}`,
      step_id: `stp_${kId}`,
      kind,
      name,
      started_at: iso(from),
      ended_at: iso(from + took),
      duration_us: Math.round(took * 1000),
      status,
      message: status === 'error' ? 'the provider refused' : null,
      attributes,
    });
    return id;
  };
  const hours = 12 * 3_600_000;
  const root = add(null, 'turn', 'invoke_agent default', 0, hours, { 'gen_ai.agent.name': 'default' });
  for (let agent = 0; spans.length < kSpans; agent += 1) {
    const begin = at;
    const held = add(root, 'agent', 'invoke_agent worker', begin, 60_000, { 'gen_ai.agent.name': 'worker' });
    for (let step = 0; step < 99 && spans.length < kSpans; step += 1) {
      const isModel = step % 3 === 0;
      const took = 20 + ((step * 7919) % 900);
      const failed = step % 41 === 7;
      add(
        held,
        isModel ? 'model' : step % 50 === 1 ? 'approval' : 'tool',
        isModel ? 'chat gpt-4o-mini' : 'execute_tool fs.read',
        at,
        took,
        isModel
          ? {
              'gen_ai.request.model': 'gpt-4o-mini',
              'gen_ai.usage.input_tokens': 1200,
              'gen_ai.usage.output_tokens': 80,
              'pryx.cost.nano_usd': 228_000,
              'pryx.attempt': step % 9 === 0 ? 2 : 1,
            }
          : {
              'gen_ai.tool.name': 'fs.read',
              'pryx.policy.rule': 'default policy: tools.allowed: fs.read',
              'pryx.planned_at': new Date(kBegin + at - 15).toISOString(),
            },
        failed ? 'error' : 'ok',
      );
      at += took + (step % 17 === 0 ? 2500 : 3);
    }
    at += agent % 25 === 24 ? 1_200_000 : 500;
  }
  return JSON.stringify({
    turn_id: `trn_${kId}`,
    session_id: `ses_${kId}`,
    trace_id: '01927ed1ec7544897360593e81c2f43e',
    state: 'completed',
    complete: true,
    spans,
    total: {
      calls: 16_000,
      usage: {
        input_tokens: 19_200_000,
        output_tokens: 1_280_000,
        cached_input_tokens: 0,
        cache_write_tokens: 0,
        reasoning_tokens: 0,
        estimated: false,
      },
      cost: { amount: '3.648', currency: 'USD' },
      unpriced_calls: 0,
      estimated_calls: 0,
    },
  });
}

function sessions(cursor: number, limit: number): string {
  const items = Array.from({ length: Math.max(0, Math.min(limit, kSessions - cursor)) }, (_, k) => {
    const n = cursor + k;
    const time = new Date(kBegin - n * 60_000).toISOString();
    return {
      id: `ses_01J9ZD3V3N8J4Q6R2${n.toString(36).toUpperCase().padStart(9, '0')}`,
      workspace_id: null,
      agent: n % 7 === 0 ? 'ops' : 'default',
      model: n % 3 === 0 ? null : 'openai/gpt-4o-mini',
      title: `Session ${n} about the harbour plan`,
      status: n % 11 === 0 ? 'archived' : 'active',
      surface: n % 2 === 0 ? 'cli' : 'web',
      parent_id: null,
      message_count: n % 40,
      unread: n % 5 === 0,
      created_at: time,
      updated_at: time,
      snippet: null,
    };
  });
  const next = cursor + items.length;
  return JSON.stringify({ items, next_cursor: next < kSessions ? String(next) : null });
}

const kStatus = JSON.stringify({
  version: 'bench',
  pid: 1,
  url: null,
  socket: null,
  started_at: iso(0),
  uptime_seconds: 1,
  mode: 'normal',
  safe_mode_reason: null,
  key_backend: 'none',
  default_model: 'none',
  turns: { running: 0, queued: 0, paused: false },
  approvals_pending: 0,
  event_version: 1,
  bus_clients: 0,
});

function answer(url: URL, big: string, response: ServerResponse): void {
  const json = (text: string, status = 200) =>
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(text);
  if (url.pathname === '/api/v1/status') return void json(kStatus);
  if (url.pathname.startsWith('/api/v1/traces/')) return void json(big);
  if (url.pathname === '/api/v1/sessions')
    return void json(
      sessions(Number(url.searchParams.get('cursor') ?? 0), Number(url.searchParams.get('limit') ?? 50)),
    );
  if (url.pathname.startsWith('/api/')) return void json('{"items":[],"next_cursor":null}');
  let file = join(kDist, url.pathname);
  if (!extname(file)) file = join(kDist, 'index.html');
  response.writeHead(200, { 'Content-Type': kTypes[extname(file)] ?? 'application/octet-stream' });
  response.end(readFileSync(file));
}

async function heapMiB(page: Page): Promise<number> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('HeapProfiler.collectGarbage');
  const { usedSize } = (await cdp.send('Runtime.getHeapUsage')) as { usedSize: number };
  await cdp.detach();
  return usedSize / 2 ** 20;
}

async function benchTrace(page: Page, base: string) {
  await page.goto(`${base}/trace/trn_${kId}`);
  await page.waitForFunction(() => performance.getEntriesByName('trace.drawn').length > 0, null, {
    timeout: 60_000,
  });
  const afterData = await page.evaluate(() => {
    const entry = performance.getEntriesByType('resource').find((one) => one.name.includes('/traces/'));
    const drawn = performance.getEntriesByName('trace.drawn')[0];
    return (drawn?.startTime ?? 0) - ((entry as PerformanceResourceTiming | undefined)?.responseEnd ?? 0);
  });
  const whole = await page.evaluate(() => performance.getEntriesByName('trace.drawn')[0]?.startTime ?? 0);
  await page.keyboard.press('w');
  const zoomMs = await page.evaluate(async () => {
    const from = performance.now();
    for (let i = 0; i < 20; i += 1) {
      dispatchEvent(new KeyboardEvent('keydown', { key: i % 2 ? 'w' : 's' }));
      await new Promise(requestAnimationFrame);
    }
    return (performance.now() - from) / 20;
  });
  return { afterData, whole, zoomMs, heap: await heapMiB(page) };
}

// Scrolls by three rows a frame and counts frames; `by` 0 tells what this machine gives a page that does nothing.
const scrollFps = (page: Page, by: number) =>
  page.evaluate(async (step) => {
    const list = document.querySelector('[role=grid]');
    if (!list) return 0;
    const from = performance.now();
    let frames = 0;
    while (performance.now() - from < 2000) {
      list.scrollTop += step;
      await new Promise(requestAnimationFrame);
      frames += 1;
    }
    return frames / ((performance.now() - from) / 1000);
  }, by);

async function benchSessions(page: Page, base: string) {
  await page.goto(`${base}/sessions`);
  await page.waitForSelector('[role=grid] [role=row]:nth-child(2)', { timeout: 30_000 });
  // All pages, as a person would get them who keeps End pressed.
  const from = Date.now();
  for (;;) {
    const done = await page.evaluate(() => {
      const list = document.querySelector('[role=grid]');
      if (!list) return true;
      list.scrollTop = list.scrollHeight;
      return list.getAttribute('aria-rowcount') !== '-1';
    });
    if (done || Date.now() - from > 240_000) break;
    await page.waitForTimeout(5);
  }
  const rows = await page.evaluate(() =>
    document.querySelector('[role=grid]')?.getAttribute('aria-rowcount'),
  );
  await page.evaluate(() => {
    const list = document.querySelector('[role=grid]');
    if (list) list.scrollTop = 0;
  });
  return {
    rows: Number(rows) - 1,
    loadMs: Date.now() - from,
    idle: await scrollFps(page, 0),
    fps: await scrollFps(page, 97),
    heap: await heapMiB(page),
  };
}

async function main(): Promise<number> {
  const at = process.argv.indexOf('--slack');
  const slack = at > 0 ? Number(process.argv[at + 1]) : 1;
  const big = trace();
  const server = createServer((request, response) =>
    answer(new URL(request.url ?? '/', 'http://127.0.0.1'), big, response),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const base = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
  const bad: string[] = [];
  const hold = (what: string, value: number, limit: number, atLeast = false) => {
    const ok = atLeast ? value >= limit / slack : value <= limit * slack;
    console.log(
      `${ok ? 'ok ' : 'BAD'} ${what}: ${value.toFixed(1)} (${atLeast ? 'at least' : 'at most'} ${limit})`,
    );
    if (!ok) bad.push(what);
  };
  try {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    await context.addInitScript(() => localStorage.setItem('pryx_csrf', 'bench'));
    const page = await context.newPage();
    const traced = await benchTrace(page, base);
    console.log(
      `trace: ${kSpans} spans, ${(big.length / 2 ** 20).toFixed(1)} MiB, page to bars ${traced.whole.toFixed(0)} ms`,
    );
    hold('first paint after the data, ms', traced.afterData, kFirstPaintMs);
    hold('a zoom step, ms', traced.zoomMs, 50);
    hold('trace heap, MiB', traced.heap, kHeapMiB);
    const listed = await benchSessions(page, base);
    console.log(`sessions: ${listed.rows} rows in ${listed.loadMs} ms`);
    hold('rows', listed.rows, kSessions, true);
    console.log(`a page that does nothing: ${listed.idle.toFixed(1)} frames/s`);
    hold('scrolling, frames/s', listed.fps, Math.min(kLeastFps, listed.idle * kShareOfIdle), true);
    hold('sessions heap, MiB', listed.heap, kHeapMiB);
  } finally {
    await browser.close();
    server.close();
  }
  return bad.length;
}

process.exit(await main());
