// SPDX-License-Identifier: MIT
// The twelve things a person comes for. Each is written once for hands, and gone with a mouse and by keyboard alone; those of one
// pair of hands share a daemon, as they do on a person's machine, so none may depend on what another one left.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { handsFor } from '../hands.mjs';
import { equal, expect, signedIn, until } from '../lib.mjs';

const composer = (page) => page.getByRole('textbox', { name: /message/i });
const log = (page, text) => page.getByRole('log').getByText(text).locator('visible=true').first();
const button = (where, name) => where.getByRole('button', { name, exact: typeof name === 'string' }).first();

async function newSession(daemon, prompt) {
  return JSON.parse((await daemon.cli('exec', prompt, '--json')).split('\n')[0]).session_id;
}

async function waiting(daemon, session) {
  return until('an approval waits', async () =>
    (await daemon.json('approval', 'list')).items.find((one) => one.session_id === session),
  );
}

// Asks in a session for what needs a person's word.
async function ask(page, hands, daemon, session, text) {
  await composer(page).waitFor();
  await hands.command('i', composer(page));
  await hands.write(composer(page), text);
  await page.keyboard.press('Enter');
  return waiting(daemon, session);
}

async function stateOf(daemon, approval) {
  return until('it is settled', async () => {
    const one = await daemon.json('approval', 'show', approval);
    return one.state === 'pending' ? null : one;
  });
}

const kJourneys = {
  'a new person is set up in three steps and has an answer': {
    at: '/welcome',
    async go({ page, hands, daemon }) {
      await hands.write(page.getByLabel('Folder'), daemon.workspace);
      await page.keyboard.press('Enter');
      await hands.press(button(page, 'Use the starter model'));
      await hands.press(button(page, 'Start'));
      await page.waitForURL(/\/chat\/ses_/);
      await log(page, 'This is in the workspace').waitFor();
    },
  },

  'a question is answered with the help of a tool': {
    async before({ daemon }) {
      return newSession(daemon, 'help me find tea');
    },
    async go({ page, hands, given: session }) {
      await hands.go('Sessions');
      await hands.openRow(page.getByRole('grid'), 'find tea');
      await page.waitForURL(`**/chat/${session}`);
      await composer(page).waitFor();
      await hands.command('i', composer(page));
      await hands.write(composer(page), 'read notes.md');
      await page.keyboard.press('Enter');
      await log(page, 'Buy tea.').waitFor();
      await log(page, 'fs.read').waitFor();
    },
  },

  'a call is allowed from the chat': {
    before: ({ daemon }) => newSession(daemon, 'help'),
    at: (session) => `/chat/${session}`,
    async go({ page, hands, daemon, given: session }) {
      const { id } = await ask(page, hands, daemon, session, 'write "hello" to made.txt');
      await hands.press(button(page, /^Allow once/));
      equal((await stateOf(daemon, id)).state, 'approved', 'state');
      const made = join(daemon.workspace, 'made.txt');
      await until('the file is there', () => existsSync(made) && readFileSync(made, 'utf8').includes('hello'));
    },
  },

  'a call is denied with a reason': {
    before: ({ daemon }) => newSession(daemon, 'help'),
    at: (session) => `/chat/${session}`,
    async go({ page, hands, daemon, given: session }) {
      const { id } = await ask(page, hands, daemon, session, 'write "hello" to denied.txt');
      await hands.go('Approvals');
      const card = page.locator(`[data-approval="${id}"]`);
      await hands.press(button(card, /^Deny, because/));
      await hands.write(card.getByLabel('Reason, told to the agent'), 'not this file');
      await hands.press(button(card, 'Deny and tell the agent'));
      const settled = await stateOf(daemon, id);
      equal(settled.state, 'denied', 'state');
      expect(JSON.stringify(settled).includes('not this file'), 'the reason is not kept');
      expect(!existsSync(join(daemon.workspace, 'denied.txt')), 'the file was written');
    },
  },

  'a session is found by its words, and the address keeps the search': {
    async before({ daemon }) {
      await newSession(daemon, 'read plan.txt');
      return newSession(daemon, 'help find the needle');
    },
    async go({ page, hands }) {
      await hands.go('Sessions');
      const rows = page.getByRole('grid').getByRole('row');
      await rows.filter({ hasText: 'the needle' }).first().waitFor();
      await hands.write(page.getByRole('combobox', { name: /filter/i }), 'plan.txt');
      await page.keyboard.press('Enter');
      await page.waitForURL(/plan/);
      await rows.filter({ hasText: 'the needle' }).waitFor({ state: 'detached' });
      await hands.openRow(page.getByRole('grid'), 'plan.txt');
      await page.waitForURL(/\/chat\/ses_/);
      // A headless Chromium has no key for going back.
      if (hands.name === 'keyboard') return;
      await page.goBack();
      await rows.filter({ hasText: 'plan.txt' }).first().waitFor();
      equal(await rows.filter({ hasText: 'the needle' }).count(), 0, 'rows that the search hides');
    },
  },

  'several sessions are archived at once, and taken back': {
    async before({ daemon }) {
      return [await newSession(daemon, 'help bulk one'), await newSession(daemon, 'help bulk two')];
    },
    at: '/sessions?q=bulk',
    async go({ page, hands, daemon, given: sessions }) {
      const grid = page.getByRole('grid');
      const states = async () =>
        (await Promise.all(sessions.map((id) => daemon.json('session', 'show', id)))).map((one) => one.status ?? one.session?.status).join();
      await hands.selectRow(grid, 'bulk one');
      await hands.selectRow(grid, 'bulk two');
      await page.getByText('2 selected').waitFor();
      await hands.command('Shift+A', button(page, 'Archive'));
      await until('both are archived', async () => (await states()) === 'archived,archived');
      await hands.press(button(page, 'Undo'));
      await until('both are back', async () => (await states()) === 'active,active');
    },
  },

  'an export is byte for byte what the daemon writes': {
    before: ({ daemon }) => newSession(daemon, 'help export of me@example.com'),
    at: '/sessions?q=export',
    async go({ page, hands, daemon, given: session }) {
      await hands.selectRow(page.getByRole('grid'), 'export of');
      await hands.command('Shift+D', button(page.getByRole('toolbar'), 'Export'));
      const dialog = page.getByRole('dialog');
      await hands.press(button(dialog, 'Next'));
      await dialog.getByText('E-mail addresses').first().waitFor();
      await hands.press(button(dialog, 'Next'));
      await hands.press(dialog.getByRole('radio', { name: /^JSON/ }));
      const hash = dialog.locator('dt', { hasText: 'SHA-256 of the file' }).locator('xpath=following-sibling::dd[1]').locator('code');
      await hash.waitFor();
      const download = page.waitForEvent('download');
      await hands.press(button(dialog, 'Save file'));
      const saved = readFileSync(await (await download).path());
      const answer = await page.context().request.get(`${daemon.url}/api/v1/sessions/${session}/export?format=json&redact=true`);
      const written = await answer.body();
      const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');
      equal(digest(saved), digest(written), 'the saved file');
      expect(!saved.includes('me@example.com'), 'the address was not taken out');
    },
  },

  'a trace shows what the daemon recorded, and what a span was': {
    async before({ daemon }) {
      return (await daemon.cli('exec', 'read notes.md trace', '--json')).match(/trn_[0-9A-Z]+/)[0];
    },
    at: '/sessions?q=trace',
    async go({ page, hands, daemon, given: turn }) {
      await hands.selectRow(page.getByRole('grid'), 'trace');
      if (hands.name === 'mouse') await hands.press(page.getByRole('button', { name: 'More', exact: true }).last());
      await hands.command('Shift+T', page.getByRole('menuitem', { name: /^Open trace/ }));
      await page.waitForURL(`**/trace/${turn}*`);
      await page.getByText(/fs\.read/).first().waitFor();
      const trace = JSON.stringify(await daemon.json('trace', 'show', turn));
      expect(trace.includes('execute_tool fs.read'), 'the trace has no tool call');
      await hands.press(button(page, /table/i));
      await page.getByRole('grid').or(page.getByRole('table')).getByText(/fs\.read/).first().waitFor();
    },
  },

  'a deny rule made as a form denies the next call and outlives a restart': {
    async go({ page, hands, daemon }) {
      await hands.go('Policy');
      await hands.press(button(page, 'Add rule'));
      const dialog = page.getByRole('dialog');
      await hands.write(dialog.getByLabel('Tool'), 'fs.read');
      await hands.press(dialog.getByRole('radio', { name: 'Deny' }));
      await hands.write(dialog.getByLabel('Paths'), 'secret.txt');
      await dialog.getByText('denied:').waitFor();
      await hands.press(button(dialog, 'Save rule'));
      await dialog.waitFor({ state: 'detached' });
      const decision = async () =>
        (await daemon.json('policy', 'test', '--tool', 'fs.read', '--args', '{"path":"secret.txt"}')).decision;
      await until('the rule counts', async () => (await decision()) === 'deny');
      await daemon.end('SIGTERM');
      await daemon.start();
      equal(await decision(), 'deny', 'after a restart');
      await page.getByRole('row').filter({ hasText: 'secret.txt' }).waitFor();
    },
  },

  'the audit log is verified, and one entry is proved': {
    before: ({ daemon }) => newSession(daemon, 'read notes.md'),
    async go({ page, hands }) {
      await hands.go('Audit');
      await hands.press(button(page, /verify now/i));
      await page.getByText(/verified up to/i).first().waitFor();
      await hands.openRow(page.getByRole('grid'), 'fs.read');
      await hands.press(button(page, /^Prove this entry/));
      await page.getByText('Path to the root').waitFor();
    },
  },

  'a budget is set': {
    async go({ page, hands, daemon }) {
      await hands.go('Costs');
      await hands.press(button(page, 'Set budget'));
      const dialog = page.getByRole('dialog');
      await hands.choose(dialog.getByLabel('For'), 'Every month');
      await hands.write(dialog.getByLabel('Limit in USD'), '7.50');
      await hands.press(button(dialog, /^(Save|Replace) budget$/));
      await dialog.waitFor({ state: 'detached' });
      await page.getByText('$7.50').first().waitFor();
      const budgets = JSON.stringify(await daemon.json('cost', 'budget'));
      expect(/"month"/.test(budgets) && /7\.5/.test(budgets), `the daemon has ${budgets}`);
    },
  },

  'everything that runs is stopped': {
    before: ({ daemon }) => newSession(daemon, 'help'),
    at: (session) => `/chat/${session}`,
    async go({ page, hands, daemon, given: session }) {
      const { id } = await ask(page, hands, daemon, session, 'write "hello" to stopped.txt');
      await hands.command('Control+Shift+>', button(page.getByRole('banner'), 'Stop everything'));
      await hands.press(button(page.getByRole('dialog'), 'Stop everything'));
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      expect((await stateOf(daemon, id)).state !== 'approved', 'it went on');
      expect(!existsSync(join(daemon.workspace, 'stopped.txt')), 'the file was written');
    },
  },
};

function journey(kind, { before, at, go }) {
  return async ({ browser, daemon }) => {
    const given = await before?.({ daemon });
    const page = await signedIn(browser, daemon, { path: (typeof at === 'function' ? at(given) : at) ?? '/' });
    const hands = await handsFor(kind, page);
    await go({ page, hands, daemon, given });
    await hands.close();
    equal(page.errors.join('\n'), '', 'errors on the page');
    equal(page.strays.join('\n'), '', 'requests to others');
    return hands.tabs === undefined ? undefined : `${hands.tabs} times Tab or an arrow`;
  };
}

// Each of these shares a daemon with the others of its hands.
export const shared = Object.fromEntries(
  ['mouse', 'keyboard'].map((kind) => [
    kind,
    Object.fromEntries(Object.entries(kJourneys).map(([name, one]) => [`${name}, by ${kind}`, journey(kind, one)])),
  ]),
);
