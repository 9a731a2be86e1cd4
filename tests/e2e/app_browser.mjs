// SPDX-License-Identifier: MIT
// Opens a login link in Debian's Chromium and says what happened, as JSON: `app_browser.mjs LINK TRAP [FLAG…]`. TRAP is an address of
// another origin that nothing may reach; flags are the browser's.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(fileURLToPath(new URL('../../ui/package.json', import.meta.url)));
const { chromium } = require('playwright-core');
const [link, trap, ...flags] = process.argv.slice(2);
const origin = new URL(link).origin;

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', ...flags] });
const page = await browser.newPage();
const seen = { violations: [], errors: [], elsewhere: [], sockets: 0 };
page.on('pageerror', (error) => seen.errors.push(String(error)));
page.on('console', (message) => message.type() === 'error' && seen.errors.push(message.text()));
page.on('websocket', () => seen.sockets++);
page.on('request', (request) => /^(data|blob):/.test(request.url()) || new URL(request.url()).origin === origin || seen.elsewhere.push(request.url()));
await page.addInitScript(() => {
  globalThis.violations = [];
  document.addEventListener('securitypolicyviolation', (event) => globalThis.violations.push(`${event.effectiveDirective} ${event.blockedURI}`));
});
await page.goto(link);
const until = Date.now() + 20000;
while (seen.sockets === 0 && Date.now() < until) await page.waitForTimeout(50);
await page.waitForLoadState('networkidle');
seen.address = page.url();
seen.shown = (await page.locator('body').innerText()).length;
seen.violations = await page.evaluate(() => globalThis.violations);
seen.before = { errors: [...seen.errors], elsewhere: [...seen.elsewhere] };

// What a hole in the page would be used for. Each must fail, and be seen to fail.
seen.attacks = await page.evaluate(async (target) => {
  const attempt = async (name, run) => {
    globalThis.violations.length = 0;
    let threw = '';
    try {
      await run();
    } catch (error) {
      threw = error.name;
    }
    await new Promise((done) => setTimeout(done, 150));
    return { name, threw, hacked: globalThis.hacked === true, violations: [...globalThis.violations] };
  };
  const element = (tag, fields) => document.body.append(Object.assign(document.createElement(tag), fields));
  return [
    await attempt('inline script', () => element('script', { textContent: 'globalThis.hacked = true' })),
    await attempt('markup', () => { document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="globalThis.hacked = true">'); }),
    await attempt('eval', () => { (0, eval)('globalThis.hacked = true'); }),
    await attempt('another policy', () => { globalThis.trustedTypes.createPolicy('evil', { createHTML: (text) => text }); }),
    await attempt('picture', () => element('img', { src: `${target}picture.png` })),
    await attempt('fetch', () => fetch(`${target}fetch`, { mode: 'no-cors' })),
    await attempt('socket', () => new Promise((done) => { new WebSocket(`${target.replace('http', 'ws')}socket`).onerror = done; })),
    await attempt('frame', () => element('iframe', { src: `${target}frame` })),
    await attempt('style', () => { document.body.append(Object.assign(document.createElement('style'), { textContent: 'body { background: red }' })); }),
    await attempt('form', () => { const form = Object.assign(document.createElement('form'), { action: `${target}form`, method: 'post' }); document.body.append(form); form.submit(); }),
  ];
}, trap);
await browser.close();
console.log(JSON.stringify(seen));
