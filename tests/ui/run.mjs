// SPDX-License-Identifier: MIT
// node run.mjs --bin FOLDER [--dist ui/dist] [--jobs N] [--pictures FOLDER] [--slack N] [words…]: every journey whose name holds one of the words.
// A module's `journeys` have a daemon each, those of one entry of `shared` have one together, in their order; `alone` are journeys
// that measure, with nothing beside them.
import { readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { resolve } from 'node:path';
import { Daemon, launch, withBox } from './lib.mjs';

const args = process.argv.slice(2);
const option = (name) => {
  const at = args.indexOf(name);
  return at < 0 ? undefined : args.splice(at, 2)[1];
};
const path = (text) => (text === undefined ? undefined : resolve(text));
const binaries = path(option('--bin'));
const dist = path(option('--dist'));
const pictures = path(option('--pictures'));
// What limits in time are multiplied by: a build without optimisation or with sanitizers, beside other tests, is no bench.
const slack = Number(option('--slack') ?? 4);
// Most of a journey is waiting for the daemon or the browser.
const jobs = Number(option('--jobs') ?? Math.min(4, cpus().length + 1));
if (!binaries) {
  console.error('usage: tests/ui/run --bin build/dev/bin [--dist ui/dist] [--jobs N] [words…]');
  process.exit(2);
}

// Far beyond what any takes on a machine that does nothing else.
const kLimitMs = 240_000;
const folder = new URL('./journeys/', import.meta.url);
const isChosen = ([name]) => args.length === 0 || args.some((word) => name.includes(word));
// Each unit has a daemon; the long ones begin first.
const units = [];
for (const file of readdirSync(folder).filter((name) => name.endsWith('.mjs')).sort()) {
  const module = await import(new URL(file, folder));
  const named = (all) => Object.entries(all ?? {}).map(([name, run]) => [`${file.slice(0, -4)}: ${name}`, run]).filter(isChosen);
  for (const group of Object.values(module.shared ?? {})) if (named(group).length > 0) units.push({ journeys: named(group) });
  for (const one of named(module.journeys)) units.push({ journeys: [one] });
  for (const one of named(module.alone)) units.push({ journeys: [one], alone: true });
}
units.sort((a, b) => Number(b.alone ?? false) - Number(a.alone ?? false) || b.journeys.length - a.journeys.length);

let passed = 0;
let failed = 0;
const browser = await launch();

async function gone(name, run, daemon, box) {
  const begin = Date.now();
  let timer;
  try {
    const limit = new Promise((_, fail) => {
      timer = setTimeout(() => fail(new Error(`not done after ${kLimitMs / 1000} s`)), kLimitMs);
    });
    if (!daemon.process) await daemon.start();
    const said = await Promise.race([run({ browser, daemon, box, pictures, slack }), limit]);
    passed += 1;
    console.log(`[ ok ] ${name} (${((Date.now() - begin) / 1000).toFixed(1)} s)${said ? `: ${said}` : ''}`);
  } catch (error) {
    failed += 1;
    const page = daemon.contexts.at(-1)?.pages()[0];
    const seen = page ? await page.locator('body').innerText({ timeout: 2000 }).catch(() => '') : '';
    console.log(`[FAIL] ${name}: ${error.message}`);
    if (seen) console.log(`       the page said: ${seen.replace(/\s+/g, ' ').slice(0, 900)}`);
    if (daemon.log) console.log(`       the daemon said: ${daemon.log.slice(-700)}`);
  } finally {
    clearTimeout(timer);
    // The next one has no window of this one beside it.
    for (const context of daemon.contexts.splice(0)) await context.close().catch(() => {});
  }
}

async function worker(queue) {
  for (let unit = queue.shift(); unit; unit = queue.shift()) {
    const { journeys } = unit;
    await withBox(async (box) => {
      const daemon = new Daemon(binaries, box, dist);
      try {
        for (const [name, run] of journeys) await gone(name, run, daemon, box);
      } finally {
        await daemon.close();
      }
    });
  }
}

await worker(units.filter((unit) => unit.alone));
const rest = units.filter((unit) => !unit.alone);
await Promise.all(Array.from({ length: jobs }, () => worker(rest)));
await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
