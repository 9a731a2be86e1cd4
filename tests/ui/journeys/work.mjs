// SPDX-License-Identifier: MIT
// What else a person meets: the way in, coming back, a daemon that goes away, news of long work, the palette, files edited as text.
import { chownSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kPageKeys } from '../hands.mjs';
import { ask, equal, expect, settled, signedIn, until } from '../lib.mjs';
import { startModel } from '../model.mjs';

// From here on a turn is told of when it ends.
const kLongMs = 10_000;
const composer = (page) => page.getByRole('textbox', { name: /message/i });

async function newSession(daemon, prompt) {
  return JSON.parse((await daemon.cli('exec', prompt, '--json')).split('\n')[0]).session_id;
}

// A person edits it: replaced as a whole, as editors do, and left to whom the folder belongs.
function editConfig(daemon, text) {
  const folder = join(daemon.home, 'config');
  const scratch = join(folder, '.config.yaml.edit');
  writeFileSync(scratch, text);
  const { uid, gid } = statSync(folder);
  chownSync(scratch, uid, gid);
  renameSync(scratch, join(folder, 'config.yaml'));
}

// What was asked in a session, in its order, as the daemon has it.
async function questions(page, daemon, session) {
  const { items } = await ask(page, daemon, 'GET', `/sessions/${session}/messages`);
  return items.filter((one) => one.role === 'user').map((one) => one.parts.map((part) => part.text ?? '').join(''));
}

export const journeys = {
  'without a link there is only the way in': async ({ browser, daemon }) => {
    const page = await (await daemon.window(browser)).newPage();
    await page.goto(`${daemon.url}/sessions`);
    await page.getByRole('heading', { name: 'Sign in to Pryx' }).waitFor();
    expect(await page.getByText('pryx open').isVisible(), 'the way in is not named');
  },

  'a leaving and coming back resumes the set-up': async ({ browser, daemon }) => {
    const page = await signedIn(browser, daemon, { path: '/welcome' });
    await page.getByLabel('Folder').fill('/nowhere/at/all');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
    await page.getByLabel('Folder').fill(daemon.workspace);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Use the starter model' }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Use the starter model' }).waitFor();
    await page.getByRole('button', { name: 'Skip, do it later' }).click();
    await page.getByText(daemon.workspace).waitFor();
  },

  'an approval is answered by its key': async ({ browser, daemon }) => {
    const session = await newSession(daemon, 'help');
    const page = await signedIn(browser, daemon, { path: `/chat/${session}` });
    await composer(page).fill('write "hello" to made.txt');
    await composer(page).press('Enter');
    const pending = await until('an approval waits', async () => (await daemon.json('approval', 'list')).items[0]);
    // A card that has just appeared cannot be allowed: keys meant for something else would.
    await page.getByRole('button', { name: /^Allow once/ }).and(page.locator(':enabled')).waitFor();
    await page.getByRole('button', { name: /^Deny/ }).first().focus();
    await page.keyboard.press('y');
    await until('it is approved', async () => (await daemon.json('approval', 'show', pending.id)).state === 'approved');
  },

  // Some of the second letters are keys of the question: `g s` must not allow it for the session.
  'the keys that go to a page go there from a question that has the focus, and answer nothing': async ({ browser, daemon }) => {
    const session = await newSession(daemon, 'help');
    const page = await signedIn(browser, daemon, { path: '/approvals' });
    await ask(page, daemon, 'POST', `/sessions/${session}/messages`, { text: 'write "hello" to made.txt' });
    const { id } = await until('an approval waits', async () => (await daemon.json('approval', 'list')).items[0]);
    const card = page.locator(`[data-approval="${id}"]`);
    const rail = page.getByRole('navigation', { name: 'Pages' }).first();
    const state = async () => (await ask(page, daemon, 'GET', `/approvals/${id}`)).state;
    // In focus, and for so long that it may be allowed.
    const toCard = async () => {
      await card.getByRole('button', { name: /^Deny/ }).first().focus();
      await card.getByRole('button', { name: /^Allow once/ }).and(page.locator(':enabled')).waitFor();
    };
    const goes = async (name) => {
      await toCard();
      const to = await rail.getByRole('link', { name }).getAttribute('href');
      await page.keyboard.press('g');
      await page.keyboard.press(kPageKeys[name]);
      await page.waitForURL((url) => url.pathname === to || url.pathname.startsWith(`${to}/`));
      equal(await state(), 'pending', `the question after the keys of ${name}`);
    };
    for (const name of Object.keys(kPageKeys)) {
      await goes(name);
      await settled(page);
      // The keys of this page lead to where one is.
      if (name === 'Approvals') equal(await card.locator('[aria-expanded="true"]').count(), 0, 'what was opened in the question');
      await rail.getByRole('link', { name: 'Approvals' }).click();
    }
    await page.goto(`${daemon.url}/chat/${session}`);
    for (const name of ['Sessions', 'Memory', 'Approvals', 'Settings']) {
      await goes(name);
      await page.goBack();
    }
    // Control: by itself such a letter answers.
    await toCard();
    await page.keyboard.press('y');
    await until('it is approved', async () => (await state()) === 'approved');
  },

  'a policy written as text counts': async ({ browser, daemon }) => {
    const page = await signedIn(browser, daemon, { path: '/policy?tab=source' });
    await page.locator('.cm-content').click();
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText('tools:\n  denied: ["fs.read"]\n');
    await page.getByRole('button', { name: /^Save/ }).and(page.locator(':enabled')).first().waitFor();
    await page.keyboard.press('Control+Enter');
    await until('the rule counts', async () => {
      const answer = await daemon.json('policy', 'test', '--tool', 'fs.read', '--args', '{"path":"notes.md"}');
      return answer.decision === 'deny';
    });
  },

  'a restart of the daemon loses nothing, and meanwhile nothing is changed': async ({ browser, daemon }) => {
    const session = await newSession(daemon, 'help');
    // High enough for all that is said: what is out of sight is not in the page.
    const page = await signedIn(browser, daemon, { path: `/chat/${session}`, height: 2400 });
    await composer(page).waitFor();
    const other = await page.context().newPage();
    await other.goto(`${daemon.url}/memory`);
    await other.getByRole('button', { name: 'Remember something' }).first().click();
    await other.getByLabel('What to remember').fill('a fact to keep');
    await daemon.end('SIGKILL');
    await page.getByText(/Daemon not reachable since/).waitFor();
    const save = other.getByRole('dialog').getByRole('button', { name: 'Remember it' });
    await until('saving is held', async () => (await save.getAttribute('aria-disabled')) === 'true');
    equal(await save.getAttribute('title'), 'Not while the daemon is away', 'the reason');
    // What is written meanwhile waits in the page, and what happens before the page is back is told to it then.
    const [written, elsewhere] = ['read plan.txt', 'read ./plan.txt'];
    await composer(page).fill(written);
    await composer(page).press('Enter');
    await page.getByText('The message was not sent').waitFor();
    await daemon.start();
    await daemon.cli('exec', '--session', session, elsewhere);
    for (const one of [page, other]) {
      await one.getByRole('button', { name: 'Try now' }).click({ timeout: 1000 }).catch(() => {});
      await one.getByText(/Daemon not reachable since/).waitFor({ state: 'detached', timeout: 40_000 });
    }
    await save.click();
    await other.getByText('a fact to keep').first().waitFor();
    const shown = (text) => page.getByRole('log').getByText(text, { exact: true }).count();
    for (const text of [written, elsewhere]) await until(`"${text}" is shown once`, async () => (await shown(text)) === 1);
    await settled(page);
    const said = await questions(page, daemon, session);
    for (const text of [written, elsewhere]) {
      equal(await shown(text), 1, `how often "${text}" is shown`);
      equal(said.filter((one) => one === text).length, 1, `how often "${text}" was taken`);
    }
    await composer(page).fill('read notes.md');
    await composer(page).press('Enter');
    await page.getByRole('log').getByText('Buy tea.').locator('visible=true').first().waitFor();
  },

  'what happened while a page was away is told to it when it is back, each once': async ({ browser, daemon }) => {
    const session = await newSession(daemon, 'read notes.md');
    // High enough for all that is said: what is out of sight is not in the page.
    const page = await signedIn(browser, daemon, { path: `/chat/${session}`, height: 2400 });
    // Control: one that does not say up to which event it knows.
    const deaf = await signedIn(browser, daemon, { height: 2400 });
    await deaf.addInitScript(() => {
      const Plain = window.WebSocket;
      window.WebSocket = class extends Plain {
        constructor(url) {
          super(String(url).replace(/\?since=\d+$/, ''));
        }
      };
    });
    await deaf.goto(`${daemon.url}/chat/${session}`);
    const asked = (one, text) => one.getByRole('log').getByText(text, { exact: true }).count();
    // Each turn that is over ends with the way to its trace.
    const turns = (one) =>
      one.getByRole('log').locator('a[href^="/trace/"]').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
    const away = (one) => one.getByText(/Daemon not reachable since/);
    for (const one of [page, deaf]) {
      await until('the first turn is shown', async () => (await turns(one)).length === 1);
      await settled(one);
    }
    const before = await turns(page);
    // The daemon is back long before they are, and has worked for somebody else by then.
    for (const one of [page, deaf]) await one.route('**/api/**', (route) => route.abort());
    await daemon.end('SIGKILL');
    for (const one of [page, deaf]) await away(one).waitFor();
    await daemon.start();
    await daemon.cli('exec', '--session', session, 'read plan.txt');
    for (const one of [page, deaf]) {
      expect(await away(one).isVisible(), 'a page came back too early');
      equal((await turns(one)).join(), before.join(), 'turns that are shown meanwhile');
      await one.unroute('**/api/**');
      await one.getByRole('button', { name: 'Try now' }).click({ timeout: 1000 }).catch(() => {});
      await away(one).waitFor({ state: 'detached', timeout: 40_000 });
    }
    await until('the second turn is shown', async () => (await turns(page)).length === 2);
    await settled(page);
    const after = await turns(page);
    equal(new Set([...before, ...after]).size, 2, 'different turns');
    equal(after[0], before[0], 'the turn of before');
    for (const text of ['read notes.md', 'read plan.txt']) equal(await asked(page, text), 1, `how often "${text}" is shown`);
    await settled(deaf);
    equal(await asked(deaf, 'read plan.txt'), 0, 'control: what a page is told that does not say what it knows');
  },

  'a message that waits for the daemon is sent from whichever page one is on when it is back': async ({ browser, daemon }) => {
    const session = await newSession(daemon, 'help');
    const page = await signedIn(browser, daemon, { path: `/chat/${session}` });
    const home = page.getByRole('navigation', { name: 'Pages' }).first().getByRole('link', { name: 'Home' });
    const isHome = (url) => url.pathname === '/';
    // What the page needs of its code cannot be had later.
    await home.click();
    await page.waitForURL(isHome);
    await settled(page);
    await page.goBack();
    await composer(page).waitFor();
    await daemon.end('SIGKILL');
    await page.getByText(/Daemon not reachable since/).waitFor();
    const written = 'read plan.txt';
    await composer(page).fill(written);
    await composer(page).press('Enter');
    await page.getByText('The message was not sent').waitFor();
    await home.click();
    await page.waitForURL(isHome);
    await page.getByText('1 message waits and is sent when it is back.').waitFor();
    await daemon.start();
    await page.getByRole('button', { name: 'Try now' }).click({ timeout: 1000 }).catch(() => {});
    await page.getByText(/Daemon not reachable since/).waitFor({ state: 'detached', timeout: 40_000 });
    await until('the message is sent', async () => (await questions(page, daemon, session)).includes(written));
    expect(isHome(new URL(page.url())), 'another page came up');
    await settled(page);
    equal((await questions(page, daemon, session)).join(), ['help', written].join(), 'what was asked, each once');
  },

  'long work that ends is told to who looks elsewhere, with the way to it': async ({ browser, daemon }) => {
    let answerNow;
    const after = new Promise((done) => {
      answerNow = done;
    });
    const model = await startModel(
      new Map([
        ['be-quick-', 'That was quick.'],
        ['take-long-', { after, text: 'That took long.' }],
      ]),
    );
    try {
      await daemon.cli('provider', 'add', 'fake', '--kind', 'openai', '--base-url', model.url, '--no-key');
      await daemon.cli('model', 'use', 'fake/fake');
      const session = await newSession(daemon, 'begin');
      const page = await signedIn(browser, daemon, { path: `/chat/${session}` });
      const away = await signedIn(browser, daemon, { path: '/memory' });
      await ask(page, daemon, 'PATCH', `/sessions/${session}`, { title: 'Nightly build' });
      const note = (one) => one.getByText('“Nightly build” was answered after');
      const say = async (text) => {
        await composer(page).fill(text);
        await composer(page).press('Enter');
      };
      const answered = (one, text) => one.getByRole('log').getByText(text, { exact: true }).locator('visible=true').first().waitFor();
      // Control: what was quick is not told. Where even that takes long, it rightly is.
      const asked = Date.now();
      await say('be-quick-');
      await answered(page, 'That was quick.');
      const isQuick = Date.now() - asked < kLongMs;
      await settled(away);
      if (isQuick) equal(await note(away).count(), 0, 'notes of what was quick');
      await say('take-long-');
      // From the same moment on the conversation itself speaks of it.
      await page.getByText('This takes a while.').waitFor({ timeout: 40_000 });
      answerNow();
      await note(away).waitFor();
      equal(await note(page).count(), 0, 'notes where it is seen anyway');
      await away.getByRole('link', { name: 'Open the conversation' }).click();
      await away.waitForURL(`**/chat/${session}?turn=*`);
      await answered(away, 'That took long.');
      for (const one of [page, away]) equal(one.errors.join('\n'), '', 'errors on the page');
    } finally {
      answerNow();
      model.stop();
    }
  },

  'a conversation is forked at a question, and both go on without each other': async ({ browser, daemon }) => {
    const session = await newSession(daemon, 'read notes.md');
    for (const text of ['read plan.txt', 'read ./plan.txt']) await daemon.cli('exec', '--session', session, text);
    // High enough for all that is said: what is out of sight is not in the page.
    const page = await signedIn(browser, daemon, { path: `/chat/${session}`, height: 2400 });
    const shown = (text) => page.getByRole('log').getByText(text, { exact: true }).count();
    await until('the last question is shown', async () => (await shown('read ./plan.txt')) === 1);
    await settled(page);
    await page.getByRole('log').getByRole('button', { name: 'Fork from here' }).nth(1).click();
    await page.waitForURL((url) => url.pathname.startsWith('/chat/ses_') && !url.pathname.endsWith(session));
    const copy = new URL(page.url()).pathname.split('/').at(-1);
    await page.getByText('A fork of another conversation').first().waitFor();
    equal((await ask(page, daemon, 'GET', `/sessions/${copy}`)).parent_id, session, 'what it is a fork of');
    await until('the question that it was forked at is shown', async () => (await shown('read plan.txt')) === 1);
    await settled(page);
    equal(await shown('read ./plan.txt'), 0, 'what was asked after it, in the fork');
    await composer(page).fill('read ./notes.md');
    await composer(page).press('Enter');
    await until('the fork goes on', async () => (await questions(page, daemon, copy)).includes('read ./notes.md'));
    await until('it is shown once', async () => (await shown('read ./notes.md')) === 1);
    equal((await questions(page, daemon, copy)).join(), 'read notes.md,read plan.txt,read ./notes.md', 'what was asked in the fork');
    equal((await questions(page, daemon, session)).join(), 'read notes.md,read plan.txt,read ./plan.txt', 'what was asked before it');
    await page.goto(`${daemon.url}/chat/${session}`);
    await until('the first conversation is shown', async () => (await shown('read ./plan.txt')) === 1);
    await settled(page);
    equal(await shown('read ./notes.md'), 0, 'what was asked in the fork, where it was forked from');
    equal(page.errors.join('\n'), '', 'errors on the page');
  },

  'the palette goes everywhere, and a page begins at its beginning': async ({ browser, daemon }) => {
    const page = await signedIn(browser, daemon);
    for (const [words, url] of [['audit', '/audit'], ['costs', '/costs'], ['memory', '/memory']]) {
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox').waitFor();
      await page.keyboard.type(words);
      await page.keyboard.press('Enter');
      await page.waitForURL(`**${url}`);
      await until('the focus is in the page', () => page.evaluate(() => document.activeElement?.closest('main') !== null));
    }
    await page.keyboard.press('g');
    await page.keyboard.press('s');
    await page.waitForURL('**/sessions');
  },

  'a setting is changed, and the config file is undone': async ({ browser, daemon }) => {
    const page = await signedIn(browser, daemon, { path: '/settings?q=max_steps' });
    const steps = page.getByRole('textbox', { name: 'tools.max_steps' });
    await steps.fill('25');
    await steps.press('Enter');
    await page.getByRole('button', { name: 'Reset tools.max_steps' }).waitFor();
    equal(await steps.inputValue(), '25', 'the setting');
    await page.goto(`${daemon.url}/settings?tab=file`);
    const file = page.getByLabel('config.yaml');
    const before = await file.inputValue();
    await file.fill(`${before}\nlog:\n  level: debug\n`);
    await page.getByRole('button', { name: 'Review changes' }).press('Enter');
    await page.getByRole('button', { name: 'Save file' }).press('Enter');
    await page.getByRole('button', { name: 'Undo the last save' }).press('Enter');
    await until('the file is as before', async () => (await page.getByLabel('config.yaml').inputValue()) === before);
  },

  'what is set up elsewhere is shown on the pages that are open': async ({ browser, daemon }) => {
    const settings = await signedIn(browser, daemon, { path: '/settings?q=max_steps' });
    const file = await signedIn(browser, daemon, { path: '/settings?tab=file' });
    const memory = await signedIn(browser, daemon, { path: '/memory' });
    for (const page of [settings, file, memory]) await settled(page);
    const steps = settings.getByRole('textbox', { name: 'tools.max_steps' });
    const isSteps = async (value) => (await steps.inputValue()) === value;
    await daemon.cli('config', 'set', 'tools.max_steps', '9');
    await until('the setting of a command', () => isSteps('9'));
    await daemon.cli('config', 'set', 'tools.max_steps', '--unset');
    await daemon.cli('exec', 'remember that the sea is salty');
    await memory.getByText('the sea is salty').first().waitFor();
    const text = file.getByLabel('config.yaml');
    const good = 'tools:\n  max_steps: 7\n';
    editConfig(daemon, good);
    await until('the text of an editor', async () => (await text.inputValue()) === good);
    await until('the setting of the file', () => isSteps('7'));
    const mark = file.getByText('The file as it is on disk does not count');
    editConfig(daemon, 'tools:\n  max_steps: many\n');
    await mark.waitFor();
    await file.getByText(/^Line 2: tools\.max_steps/).waitFor();
    expect(await isSteps('7'), 'the last good value does not count');
    editConfig(daemon, good);
    await mark.waitFor({ state: 'detached' });
    for (const page of [settings, file, memory]) equal(page.errors.join('\n'), '', 'errors on the page');
  },

  // Two shapes of one answer in the cache would break the page that comes second.
  'every page is reached from every other without a load': async ({ browser, daemon }) => {
    const session = await newSession(daemon, 'help');
    const page = await signedIn(browser, daemon, { path: `/chat/${session}` });
    const rail = page.getByRole('navigation', { name: 'Pages' }).first().getByRole('link');
    const names = await rail.allInnerTexts();
    for (const round of [names, [...names].reverse()]) {
      for (const name of round) {
        await rail.filter({ hasText: name.trim() }).first().click();
        await settled(page);
        equal(await page.getByText('This page broke').count(), 0, `${name} broke`);
      }
    }
    equal(page.errors.join('\n'), '', 'errors on the page');
  },
};
