// SPDX-License-Identifier: MIT
// What a person comes for, with the keyboard where a page has one.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, expect, settled, signedIn, until } from '../lib.mjs';

const composer = (page) => page.getByRole('textbox', { name: /message/i });

async function say(page, text) {
  await composer(page).fill(text);
  await composer(page).press('Control+Enter');
}

export const journeys = {
  'without a link there is only the way in': async ({ browser, daemon }) => {
    const page = await browser.newPage();
    await page.goto(`${daemon.url}/sessions`);
    await page.getByRole('heading', { name: 'Sign in to Pryx' }).waitFor();
    expect(await page.getByText('pryx open').isVisible(), 'the way in is not named');
  },

  'a new person is set up in three steps and has an answer': async ({ browser, daemon }) => {
    const page = await signedIn(browser, daemon, { path: '/welcome' });
    await page.getByLabel('Folder').fill(daemon.workspace);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Use the starter model' }).press('Enter');
    await page.getByRole('button', { name: 'Start', exact: true }).press('Enter');
    await page.waitForURL(/\/chat\/ses_/);
    await page.getByRole('log').getByText('This is in the workspace').locator('visible=true').first().waitFor();
    equal((await daemon.json('session', 'list')).items.length, 1, 'sessions');
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

  'chat streams an answer and shows the tool call': async ({ browser, daemon }) => {
    await daemon.cli('exec', 'help');
    const session = (await daemon.json('session', 'list')).items[0].id;
    const page = await signedIn(browser, daemon, { path: `/chat/${session}` });
    await say(page, 'read notes.md');
    await page.getByRole('log').getByText('Buy tea.').locator('visible=true').first().waitFor();
    await page.getByRole('log').getByText('fs.read').locator('visible=true').first().waitFor();
  },

  'an approval is answered from the chat by keyboard': async ({ browser, daemon }) => {
    await daemon.cli('exec', 'help');
    const session = (await daemon.json('session', 'list')).items[0].id;
    const page = await signedIn(browser, daemon, { path: `/chat/${session}` });
    await say(page, 'write "hello" to made.txt');
    const pending = await until('an approval waits', async () => (await daemon.json('approval', 'list')).items[0]);
    const deny = page.getByRole('button', { name: /^Deny/ }).first();
    await deny.waitFor();
    // A card that has just appeared cannot be allowed: keys meant for something else would.
    await page.waitForTimeout(600);
    await deny.focus();
    await page.keyboard.press('y');
    await until('it is approved', async () => (await daemon.json('approval', 'show', pending.id)).state !== 'pending');
    await until('the file is there', () => {
      try {
        return readFileSync(join(daemon.workspace, 'made.txt'), 'utf8').includes('hello');
      } catch {
        return false;
      }
    });
  },

  'a denial keeps the file from being written': async ({ browser, daemon }) => {
    await daemon.cli('exec', 'help');
    const session = (await daemon.json('session', 'list')).items[0].id;
    const page = await signedIn(browser, daemon, { path: `/chat/${session}` });
    await say(page, 'write "hello" to denied.txt');
    const pending = await until('an approval waits', async () => (await daemon.json('approval', 'list')).items[0]);
    await page.goto(`${daemon.url}/approvals`);
    await page.getByRole('button', { name: /^Deny/ }).first().press('Enter');
    const settledNow = await until('it is settled', async () => {
      const one = await daemon.json('approval', 'show', pending.id);
      return one.state === 'pending' ? null : one;
    });
    equal(settledNow.state, 'denied', 'state');
    expect(!(await daemon.cli('exec', 'list the files')).includes('denied.txt'), 'the file was written');
  },

  'sessions are found by their words and the address keeps the search': async ({ browser, daemon }) => {
    await daemon.cli('exec', 'read plan.txt');
    await daemon.cli('exec', 'list the files');
    const page = await signedIn(browser, daemon, { path: '/sessions' });
    await page.getByRole('grid').getByText('plan.txt').first().waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('plan');
    await page.keyboard.press('Enter');
    await page.waitForURL(/plan/);
    await settled(page);
    await page.reload();
    await page.getByRole('grid').getByText('plan.txt').first().waitFor();
  },

  'a trace shows what the daemon recorded': async ({ browser, daemon }) => {
    const turn = (await daemon.cli('exec', 'read notes.md', '--json')).match(/trn_[0-9A-Z]+/)[0];
    const trace = await daemon.json('trace', 'show', turn);
    const page = await signedIn(browser, daemon, { path: `/trace/${turn}` });
    await page.getByText(/fs\.read/).first().waitFor();
    expect(JSON.stringify(trace).includes('execute_tool fs.read'), 'the trace has no tool call');
  },

  'the audit log is verified from the page': async ({ browser, daemon }) => {
    await daemon.cli('exec', 'read notes.md');
    const page = await signedIn(browser, daemon, { path: '/audit' });
    await page.getByRole('button', { name: /verify now/i }).click();
    await page.getByText(/verified up to/i).first().waitFor();
  },

  'a deny rule made on the page denies the next call and outlives a restart': async ({ browser, daemon }) => {
    const page = await signedIn(browser, daemon, { path: '/policy?tab=source' });
    const editor = page.locator('.cm-content');
    await editor.waitFor();
    await editor.click();
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText('tools:\n  denied: ["fs.read"]\n');
    await page.keyboard.press('Control+Enter');
    const denied = async () => {
      const answer = await daemon.json('policy', 'test', '--tool', 'fs.read', '--args', '{"path":"notes.md"}');
      return answer.decision === 'deny';
    };
    await until('the rule counts', denied).catch(async (error) => {
      await page.getByRole('button', { name: /^Save/ }).first().click();
      await until('the rule counts', denied).catch(() => {
        throw error;
      });
    });
    await daemon.end('SIGTERM');
    await daemon.start();
    expect(await denied(), 'the rule was lost');
  },

  'a restart of the daemon loses nothing': async ({ browser, daemon }) => {
    await daemon.cli('exec', 'help');
    const session = (await daemon.json('session', 'list')).items[0].id;
    const page = await signedIn(browser, daemon, { path: `/chat/${session}` });
    await composer(page).waitFor();
    await daemon.end('SIGKILL');
    await page.getByText(/Daemon not reachable since/).waitFor();
    await daemon.start();
    await page.getByText(/Daemon not reachable since/).waitFor({ state: 'detached', timeout: 40_000 });
    await say(page, 'read notes.md');
    await page.getByRole('log').getByText('Buy tea.').locator('visible=true').first().waitFor();
  },

  'the palette goes everywhere': async ({ browser, daemon }) => {
    const page = await signedIn(browser, daemon);
    for (const [words, url] of [['audit', '/audit'], ['costs', '/costs'], ['memory', '/memory']]) {
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox').waitFor();
      await page.keyboard.type(words);
      await page.keyboard.press('Enter');
      await page.waitForURL(`**${url}`);
    }
    await page.locator('body').press('g');
    await page.keyboard.press('s');
    await page.waitForURL('**/sessions');
  },

  'a budget is set and shown': async ({ browser, daemon }) => {
    await daemon.cli('cost', 'budget', '--day', '2.50');
    const page = await signedIn(browser, daemon, { path: '/costs' });
    await page.getByText('$2.50').first().waitFor();
  },

  'a setting is changed, and the config file is undone': async ({ browser, daemon }) => {
    const page = await signedIn(browser, daemon, { path: '/settings?q=max_steps' });
    await page.getByRole('button', { name: 'Change tools.max_steps' }).press('Enter');
    await page.getByLabel('Value').fill('25');
    await page.getByRole('button', { name: 'Save setting' }).press('Enter');
    await page.getByRole('cell', { name: '25' }).waitFor();
    await page.goto(`${daemon.url}/settings?tab=file`);
    const file = page.getByLabel('config.yaml');
    const before = await file.inputValue();
    await file.fill(`${before}\nlog:\n  level: debug\n`);
    await page.getByRole('button', { name: 'Review changes' }).press('Enter');
    await page.getByRole('button', { name: 'Save file' }).press('Enter');
    await page.getByRole('button', { name: 'Undo the last save' }).press('Enter');
    await until('the file is as before', async () => (await page.getByLabel('config.yaml').inputValue()) === before);
  },

  'everything is stopped by the panic button': async ({ browser, daemon }) => {
    const page = await signedIn(browser, daemon);
    await page.getByRole('button', { name: 'Stop everything' }).press('Enter');
    await page.getByRole('dialog').getByRole('button', { name: 'Stop everything' }).press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  },
};
