// SPDX-License-Identifier: MIT
// A secret that was stored and used is in no page afterwards: not in what is drawn, not in a field, not in what the browser keeps.
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { ask, equal, expect, settled, signedIn, until } from '../lib.mjs';
import { startModel } from '../model.mjs';

const kPaths = [
  '/settings?tab=secrets',
  '/settings?tab=file',
  '/settings?tab=tokens',
  '/models?tab=providers',
  '/approvals',
  '/approvals?tab=decided',
  '/audit',
];

// How a secret of ASCII can lie in a text, as tests/support/canary.py has it for bytes. Base64 at each offset, without the edges that
// depend on neighbours; the halves find one that was split.
function forms(secret) {
  const raw = Buffer.from(secret);
  const hex = raw.toString('hex');
  const all = {
    raw: secret,
    hex,
    HEX: hex.toUpperCase(),
    reversed: [...secret].reverse().join(''),
    percent: hex.replace(/../g, (byte) => `%${byte.toUpperCase()}`),
    'json-u': hex.replace(/../g, (byte) => `\\u00${byte}`),
    'first half': secret.slice(0, secret.length / 2),
    'second half': secret.slice(secret.length / 2),
  };
  for (const phase of [0, 1, 2]) {
    const padded = Buffer.concat([Buffer.alloc(phase), raw]).toString('base64');
    const middle = padded.slice(phase ? 4 : 0, -4);
    all[`base64/${phase}`] = middle;
    all[`base64url/${phase}`] = middle.replaceAll('+', '-').replaceAll('/', '_');
  }
  return all;
}

// The document with its attributes, the values that fields hold (markup does not have them), and what the page keeps.
async function everythingIn(page) {
  const kept = await page.evaluate(() => [
    ...[...document.querySelectorAll('input, textarea, select')].map((field) => field.value),
    ...[localStorage, sessionStorage].flatMap((store) => Object.entries(store).flat()),
    document.title,
    location.href,
  ]);
  return [await page.content(), ...kept];
}

async function hits(page, secrets) {
  const texts = await everythingIn(page);
  return Object.entries(secrets).flatMap(([name, secret]) =>
    Object.entries(forms(secret))
      .filter(([, form]) => texts.some((text) => text.includes(form)))
      .map(([form]) => `${name} as ${form}`),
  );
}

// Says back the field that it is sent.
async function startEcho() {
  const seen = [];
  const server = createServer((request, response) => {
    seen.push(request.headers['x-thing']);
    response.end(`you sent ${request.headers['x-thing']}`);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { host: `127.0.0.1:${server.address().port}`, seen, stop: () => server.close() };
}

async function storeSecret(page, daemon, host, secret) {
  await page.goto(`${daemon.url}/settings?tab=secrets`);
  await page.getByRole('button', { name: 'Add secret' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('mine');
  await dialog.locator('input[type=password]').fill(secret);
  await dialog.locator('textarea').fill(host);
  // Control: a value that is only in a field is found, and nothing else of it.
  const typed = await hits(page, { mine: secret });
  expect(typed.includes('mine as raw'), 'what is being typed is not found');
  await dialog.getByRole('button', { name: /^Save/ }).click();
  await dialog.waitFor({ state: 'detached' });
}

export const journeys = {
  'no page holds a secret that was stored and used': async ({ browser, daemon }) => {
    const secrets = { key: `pk-${randomBytes(16).toString('hex')}`, mine: `fi-${randomBytes(16).toString('hex')}` };
    const said = `pl-${randomBytes(16).toString('hex')}`;
    const echo = await startEcho();
    const call = { url: `http://${echo.host}/`, headers: { 'X-Thing': 'secret:mine' } };
    const model = await startModel(new Map([['use-it', { tool: 'http.request', arguments: call, text: 'used' }]]));
    try {
      const page = await signedIn(browser, daemon);
      await ask(page, daemon, 'PUT', '/providers/fake', { kind: 'openai', base_url: model.url, key: secrets.key });
      await daemon.cli('model', 'use', 'fake/fake');
      await storeSecret(page, daemon, echo.host, secrets.mine);
      const session = (await ask(page, daemon, 'POST', '/sessions', {})).id;
      const turn = (await ask(page, daemon, 'POST', `/sessions/${session}/messages`, { text: `use-it ${said}` })).turn_id;
      const approval = await until('an approval waits', async () => (await daemon.json('approval', 'list')).items[0], 60_000);
      const found = [];
      const look = async (path) => {
        await page.goto(daemon.url + path);
        await settled(page);
        found.push(...(await hits(page, secrets)).map((hit) => `${path}: ${hit}`));
      };
      await look('/approvals');
      expect((await page.content()).includes('secret:mine'), 'the card is not on the page');
      await ask(page, daemon, 'POST', `/approvals/${approval.id}`, { decision: 'approve' });
      await until('the turn ends', async () => (await ask(page, daemon, 'GET', `/turns/${turn}`)).state === 'completed', 60_000);
      equal(echo.seen.join(), secrets.mine, 'what its host got');
      for (const path of [...kPaths, `/trace/${turn}`, `/trace/${turn}?view=table`, `/chat/${session}`]) await look(path);
      equal(found.join('\n'), '', 'secrets on pages');
      // Control: what was said is on the page; and of a secret that is planted, in the document or in a field, each form is found.
      expect((await hits(page, { said })).includes('said as raw'), 'what was said is not found');
      for (const tag of ['p', 'input']) {
        for (const [name, form] of Object.entries(forms(secrets.mine))) {
          await page.evaluate(
            ([kind, text]) => {
              const planted = document.createElement(kind);
              planted.id = 'planted';
              if (kind === 'p') planted.textContent = text;
              else planted.value = text;
              document.body.append(planted);
            },
            [tag, form],
          );
          expect((await hits(page, secrets)).includes(`mine as ${name}`), `a planted ${name} in <${tag}> is not found`);
          await page.evaluate(() => document.getElementById('planted').remove());
        }
      }
    } finally {
      model.stop();
      echo.stop();
    }
  },
};
