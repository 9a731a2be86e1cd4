// SPDX-License-Identifier: MIT
// node run.mjs --bin FOLDER [--pictures FOLDER] [words…]: every journey whose name holds one of the words, each with its own daemon.
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { Daemon, launch, withBox } from './lib.mjs';

const args = process.argv.slice(2);
const option = (name) => {
  const at = args.indexOf(name);
  return at < 0 ? undefined : args.splice(at, 2)[1];
};
const path = (text) => (text === undefined ? undefined : resolve(text));
const binaries = path(option('--bin'));
const pictures = path(option('--pictures'));
if (!binaries) {
  console.error('usage: tests/ui/run --bin build/dev/bin [words…]');
  process.exit(2);
}

const kLimitMs = 120_000;
const folder = new URL('./journeys/', import.meta.url);
const journeys = [];
for (const file of readdirSync(folder).filter((name) => name.endsWith('.mjs')).sort()) {
  const module = await import(new URL(file, folder));
  for (const [name, run] of Object.entries(module.journeys)) journeys.push({ name: `${file.slice(0, -4)}: ${name}`, run });
}
const chosen = journeys.filter(({ name }) => args.length === 0 || args.some((word) => name.includes(word)));

let failed = 0;
const browser = await launch();
for (const { name, run } of chosen) {
  const begin = Date.now();
  let timer;
  try {
    await withBox(async (box) => {
      const daemon = new Daemon(binaries, box);
      try {
        await daemon.start();
        const limit = new Promise((_, fail) => {
          timer = setTimeout(() => fail(new Error(`not done after ${kLimitMs / 1000} s`)), kLimitMs);
        });
        await Promise.race([run({ browser, daemon, box, pictures }), limit]);
      } catch (error) {
        error.log = daemon.log;
        const page = browser.contexts().at(-1)?.pages()[0];
        error.seen = page ? await page.locator('body').innerText({ timeout: 2000 }).catch(() => '') : '';
        throw error;
      } finally {
        clearTimeout(timer);
        for (const context of browser.contexts()) await context.close().catch(() => {});
        if (daemon.process?.exitCode === null && daemon.process.signalCode === null) await daemon.end('SIGTERM');
      }
    });
    console.log(`[ ok ] ${name} (${((Date.now() - begin) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed += 1;
    console.log(`[FAIL] ${name}: ${error.message}`);
    if (error.seen) console.log(`       the page said: ${error.seen.replace(/\s+/g, ' ').slice(0, 900)}`);
    if (error.log) console.log(`       the daemon said: ${error.log.slice(-700)}`);
  }
}
await browser.close();
console.log(`${chosen.length - failed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
