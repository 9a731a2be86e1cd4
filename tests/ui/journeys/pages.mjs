// SPDX-License-Identifier: MIT
// Every page, in both themes, at 400 % zoom, with forced colours and with less motion: axe finds nothing, nothing breaks or
// disappears, nobody else is asked. Each page is loaded once and looked at in all of these ways.
import { join } from 'node:path';
import { ask, equal, expect, kPages, settled, signedIn, takePicture, until, violations } from '../lib.mjs';
import { startModel } from '../model.mjs';

const kInteractiveMs = 600;
const kWide = { width: 1280, height: 800 };
// 1280 px at 400 % are 320 CSS pixels.
const kZoomed = { width: 320, height: 256 };
// The second theme changes colours and nothing else.
const kColours = { runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] } };
// And another size changes everything but colours.
const kLayout = { rules: { 'color-contrast': { enabled: false } } };

// What a screen reader finds its way by.
function orientation(page) {
  return page.evaluate(() => {
    const wrong = [];
    const shown = (selector) => [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility());
    if (shown('main, [role=main]').length !== 1) wrong.push(`${shown('main').length} main landmarks`);
    if (shown('h1').length !== 1) wrong.push(`${shown('h1').length} headings of the first level`);
    const levels = shown('h1, h2, h3, h4').map((one) => Number(one.tagName[1]));
    levels.forEach((level, at) => {
      if (at > 0 && level > levels[at - 1] + 1) wrong.push(`a heading of level ${level} after one of level ${levels[at - 1]}`);
    });
    if (!document.title.endsWith('Pryx') || document.title === 'Pryx') wrong.push(`titled ${document.title}`);
    if (shown('[aria-live], [role=status], [role=log], [role=alert]').length === 0) wrong.push('no live region');
    return wrong;
  });
}

const kControls = new Set(['button', 'link', 'textbox', 'searchbox', 'combobox', 'checkbox', 'radio', 'menuitem', 'tab', 'grid', 'table', 'slider', 'log']);
const kLandmarks = ['banner', 'navigation', 'main'];

// What Chromium tells a screen reader: every control has a name, and no two have the same.
async function spoken(page) {
  const devtools = await page.context().newCDPSession(page);
  const { nodes } = await devtools.send('Accessibility.getFullAXTree');
  await devtools.detach();
  const wrong = [];
  const said = nodes.filter((node) => !node.ignored).map((node) => [node.role?.value, (node.name?.value ?? '').trim()]);
  const controls = said.filter(([role]) => kControls.has(role));
  for (const [role, name] of controls) if (!name) wrong.push(`a ${role} without a name`);
  for (const [role, name] of new Set(controls.filter((one, at) => controls.slice(0, at).some((other) => other.join() === one.join()))))
    if (name) wrong.push(`more than one ${role} is called ${name}`);
  for (const landmark of kLandmarks) if (!said.some(([role]) => role === landmark)) wrong.push(`no ${landmark}`);
  return wrong;
}

// With forced colours backgrounds and shadows are gone: what is chosen, focused or pressed has to show in another way.
function lostInForcedColours(page) {
  return page.evaluate(() => {
    const wrong = [];
    const marked = (one) => {
      const style = getComputedStyle(one);
      const edge = ['Top', 'Right', 'Bottom', 'Left'].some(
        (side) => style[`border${side}Style`] !== 'none' && Number.parseFloat(style[`border${side}Width`]) > 0 && style[`border${side}Color`] !== 'rgba(0, 0, 0, 0)',
      );
      return edge || (style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) > 0) || style.forcedColorAdjust === 'none';
    };
    for (const one of document.querySelectorAll('[aria-current=page], [aria-current=step], [role=tab][aria-selected=true]'))
      if (one.checkVisibility() && !marked(one)) wrong.push(`what is chosen is not seen: ${one.outerHTML.slice(0, 120)}`);
    for (const one of document.querySelectorAll('svg'))
      if (one.checkVisibility() && getComputedStyle(one).color === getComputedStyle(document.body).backgroundColor) wrong.push(`an icon is not seen: ${one.outerHTML.slice(0, 120)}`);
    return wrong;
  });
}

// At 400 % a dialog is no larger than the window, and goes on downwards only.
function outOfSight(page) {
  return page.evaluate(() => {
    const wrong = [];
    const dialog = document.querySelector('[role=dialog]');
    const box = dialog.getBoundingClientRect();
    if (box.left < -1 || box.top < -1 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1)
      wrong.push(`the dialog is not in the window: ${Math.round(box.left)}, ${Math.round(box.top)} to ${Math.round(box.right)}, ${Math.round(box.bottom)}`);
    if (dialog.scrollWidth > dialog.clientWidth + 1) wrong.push('the dialog is wider than it shows');
    return wrong;
  });
}

// In light, in dark and at 400 %, and then as before, which whoever looks again waits for. `more` looks at what else can be lost at 400 %.
async function inEveryWay(page, name, wrong, { size = kWide, more = async () => [] } = {}) {
  const look = async (how, rules) => {
    for (const violation of await violations(page, rules)) wrong.push(`${name}, ${how}: ${violation}`);
  };
  await look('light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await settled(page);
  await look('dark', kColours);
  await page.setViewportSize(kZoomed);
  await settled(page);
  await look('at 400 %', kLayout);
  for (const problem of await more(page)) wrong.push(`${name}, at 400 %: ${problem}`);
  await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme: 'light' });
}

async function everyPage({ browser, daemon }, part) {
  await daemon.cli('exec', 'list the files');
  const turn = (await daemon.cli('exec', 'read notes.md', '--json')).match(/trn_[0-9A-Z]+/)[0];
  const page = await signedIn(browser, daemon, kWide);
  // Two of a kind, so that what stands at each can be told apart.
  for (const text of ['one fact', 'another fact']) await ask(page, daemon, 'POST', '/memory', { text });
  const budgets = ['day', 'month'].map((scope) => ({ scope, limit: '5.00' }));
  await ask(page, daemon, 'PUT', '/budgets', { budgets });
  const wrong = [];
  const all = [...kPages, ['trace', `/trace/${turn}`], ['trace as a table', `/trace/${turn}?view=table`]];
  for (const [name, path] of all.filter((_, index) => index % 2 === part)) {
    await page.goto(daemon.url + path);
    await settled(page);
    for (const problem of [...(await orientation(page)), ...(await spoken(page))]) wrong.push(`${name}: ${problem}`);
    await inEveryWay(page, name, wrong);
    await page.emulateMedia({ colorScheme: 'light', forcedColors: 'active', reducedMotion: 'reduce' });
    await settled(page);
    for (const problem of await lostInForcedColours(page)) wrong.push(`${name}, forced colours: ${problem}`);
    const moving = await page.evaluate(() => document.getAnimations().filter((one) => one.playState === 'running').length);
    if (moving > 0) wrong.push(`${name}: ${moving} things move for people who asked for less motion`);
    await page.emulateMedia({ colorScheme: 'light', forcedColors: 'none', reducedMotion: 'no-preference' });
  }
  equal(wrong.join('\n'), '', 'found');
  equal(page.errors.join('\n'), '', 'errors on the page');
  equal(page.strays.join('\n'), '', 'requests to others');
}

// The dialog that has just been opened, until it is closed again.
async function dialogInEveryWay(page, name, wrong) {
  await page.getByRole('dialog').waitFor();
  await settled(page);
  if (!(await page.evaluate(() => document.activeElement?.closest('[role=dialog]')))) wrong.push(`${name}: the focus is not in the dialog`);
  await inEveryWay(page, name, wrong, { more: outOfSight });
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

const kMarkdown = `# What there is

A [page](https://example.invalid/page), some \`code\`, and a picture: ![a tree](https://example.invalid/tree.png)

1. one
2. two

- [x] done
- [ ] open

> what somebody said

| a | b |
|---|---|
| 1 | 2 |

\`\`\`js
const one = 1;
\`\`\``;

const kAnswers = new Map([
  ['show-it-', { reasoning: 'They want to see it.', text: kMarkdown }],
  ['look-it-', { tool: 'fs.read', arguments: { path: 'notes.md' }, text: 'There is tea to buy.' }],
  ['begin-it-', { pieces: ['The first half of'], endless: true }],
  ['refuse-it-', { refusal: 'not today' }],
  ['make-it-', { tool: 'fs.write', arguments: { path: 'made.md', content: '# Made\n' }, text: 'It is made.' }],
]);

// A conversation with everything that one can show; the newest is a question to the person.
async function fullConversation(page, daemon) {
  const session = JSON.parse((await daemon.cli('exec', 'small talk 0', '--json')).split('\n')[0]).session_id;
  const say = async (text) => (await ask(page, daemon, 'POST', `/sessions/${session}/messages`, { text })).turn_id;
  const is = (turn, state) =>
    until(`the turn is ${state}`, async () => (await ask(page, daemon, 'GET', `/turns/${turn}?wait=5`)).state === state, 60_000);
  // The newest three answers are never summarised.
  for (const number of [1, 2, 3, 4, 5]) await is(await say(`small talk ${number}`), 'completed');
  await is((await ask(page, daemon, 'POST', `/sessions/${session}/compact`, {})).turn_id, 'completed');
  for (const text of ['show-it-', 'look-it-']) await is(await say(text), 'completed');
  const begun = await say('begin-it-');
  await until('some of the answer is there', async () => (await ask(page, daemon, 'GET', `/turns/${begun}`)).partial.length > 0);
  await ask(page, daemon, 'POST', `/turns/${begun}/cancel`);
  await is(begun, 'cancelled');
  await is(await say('refuse-it-'), 'failed');
  await say('make-it-');
  await until('an approval waits', async () => (await daemon.json('approval', 'list')).items[0], 60_000);
  return session;
}

export const alone = {
  // From the address to a frame that takes keys, all files cached by nobody.
  'the frame is there in time': async ({ browser, daemon, slack }) => {
    const first = await signedIn(browser, daemon);
    const state = await first.context().storageState();
    const times = [];
    for (let round = 0; round < 5; round += 1) {
      const context = await daemon.window(browser, { storageState: state });
      const page = await context.newPage();
      await page.addInitScript(() => {
        new MutationObserver((_, observer) => {
          if (!document.querySelector('nav a')) return;
          window.__interactive = performance.now();
          observer.disconnect();
        }).observe(document, { childList: true, subtree: true });
      });
      await page.goto(`${daemon.url}/settings`);
      times.push(await page.waitForFunction(() => window.__interactive).then((handle) => handle.jsonValue()));
      await context.close();
    }
    const median = times.sort((a, b) => a - b)[2];
    expect(median <= kInteractiveMs * slack, `the frame is there after ${median.toFixed(0)} ms`);
    return `the frame takes keys after ${median.toFixed(0)} ms (at most ${kInteractiveMs}, with slack ${slack})`;
  },
};

export const journeys = {
  'every page is accessible in every way of looking, first half': (given) => everyPage(given, 0),
  'every page is accessible in every way of looking, second half': (given) => everyPage(given, 1),

  'dialogs are accessible': async ({ browser, daemon }) => {
    const page = await signedIn(browser, daemon);
    const open = [
      ['Control+k', '/'],
      ['?', '/'],
      ['Control+Shift+>', '/'],
      ['Control+Shift+A', '/'],
      ['n', '/models'],
      ['n', '/memory'],
      ['n', '/agents'],
      ['Shift+D', '/audit'],
      ['n', '/policy'],
      ['n', '/costs'],
    ];
    const wrong = [];
    let at = '';
    for (const [keys, path] of open) {
      if (at !== path) await page.goto(daemon.url + path);
      at = path;
      await settled(page);
      const focused = () => page.evaluate(() => [document.activeElement?.tagName, document.activeElement?.textContent.slice(0, 20)].join(' '));
      const before = await focused();
      await page.keyboard.press(keys);
      await dialogInEveryWay(page, `${path} ${keys}`, wrong);
      equal(await focused(), before, `${path} ${keys}: the focus after the dialog`);
    }
    equal(wrong.join('\n'), '', 'axe');
  },

  'a conversation with all that it can show is accessible': async ({ browser, daemon }) => {
    const model = await startModel(kAnswers);
    // High enough for all of it: what is out of sight is not in the page.
    const size = { width: 1280, height: 4000 };
    try {
      await daemon.cli('provider', 'add', 'fake', '--kind', 'openai', '--base-url', model.url, '--no-key');
      await daemon.cli('model', 'use', 'fake/fake');
      const page = await signedIn(browser, daemon, size);
      const session = await fullConversation(page, daemon);
      await page.goto(`${daemon.url}/chat/${session}`);
      await settled(page);
      const log = page.getByRole('log');
      for (const part of [/here as a summary/, 'Reasoning', 'What there is', 'fs.read', 'Interrupted here', 'No answer', 'not today'])
        await log.getByText(part).locator('visible=true').first().waitFor();
      await log.locator('[data-approval]').waitFor();
      const wrong = [];
      await inEveryWay(page, 'folded', wrong, { size });
      await log.evaluate((box) => {
        for (const one of box.querySelectorAll('details')) one.open = true;
      });
      await settled(page);
      await inEveryWay(page, 'unfolded', wrong, { size });
      await page.goto(`${daemon.url}/approvals`);
      await page.locator('[data-approval]').waitFor();
      await settled(page);
      await inEveryWay(page, 'the card among approvals', wrong, { size });
      equal(wrong.join('\n'), '', 'found');
      equal(page.errors.join('\n'), '', 'errors on the page');
      equal(page.strays.join('\n'), '', 'requests to others');
    } finally {
      model.stop();
    }
  },

  'the way in is accessible': async ({ browser, daemon }) => {
    const page = await (await daemon.window(browser, { viewport: kWide, colorScheme: 'light' })).newPage();
    // As `settled` wants it; nobody notes what this page asks.
    page.open = new Set();
    await page.goto(`${daemon.url}/sessions`);
    await page.getByRole('heading', { name: 'Sign in to Pryx' }).waitFor();
    await settled(page);
    const wrong = [];
    await inEveryWay(page, 'the way in', wrong);
    equal(wrong.join('\n'), '', 'axe');
  },

  'dialogs that are opened by hand are accessible': async ({ browser, daemon }) => {
    const session = JSON.parse((await daemon.cli('exec', 'list the files', '--json')).split('\n')[0]).session_id;
    const page = await signedIn(browser, daemon);
    await ask(page, daemon, 'POST', '/memory', { text: 'a fact to forget' });
    const button = (name, where = page) => where.getByRole('button', { name }).first();
    const item = async (menu, name) => {
      await page.getByRole('main').getByRole('button', { name: menu, exact: true }).first().click();
      await page.getByRole('menuitem', { name }).click();
    };
    const onSelected = async (name) => {
      await page.getByRole('grid').getByRole('row').filter({ hasText: 'list the files' }).first().getByRole('checkbox').click();
      await button(name, page.getByRole('toolbar')).click();
    };
    const next = async () => {
      const go = button('Next', page.getByRole('dialog'));
      await go.click();
      // It cannot be pressed, and has no focus, until what comes next is there.
      await go.and(page.locator(':enabled')).waitFor();
      await go.focus();
    };
    const chat = `/chat/${session}`;
    const open = {
      'rename a conversation': [chat, () => item('More commands', /^Rename conversation/)],
      'delete a conversation': [chat, () => item('More commands', /^Delete conversation/)],
      'the context': [chat, () => button(/^Context \d/).click()],
      'another model': [chat, () => page.getByTitle(/^Switch model/).first().click()],
      'export, what': ['/sessions', () => onSelected('Export')],
      'export, what is taken out': ['/sessions', () => onSelected('Export').then(next)],
      'delete sessions': ['/sessions', () => onSelected('Delete')],
      'import sessions': ['/sessions', () => page.getByRole('grid').press('Shift+I')],
      'a new secret': ['/settings?tab=secrets', () => button('Add secret').click()],
      'a new token': ['/settings?tab=tokens', () => button('Create token').click()],
      'a new skill': ['/agents?tab=skills', () => button('Add skill').click()],
      'forget something': ['/memory', () => button(/^Forget: a fact/).click()],
      'a checkpoint': ['/audit', () => item('More', /^Get checkpoint/)],
      // Leaves a change behind that is not saved, so it comes last.
      'changes of the config file': [
        '/settings?tab=file',
        async () => {
          const file = page.getByLabel('config.yaml');
          await file.fill(`${await file.inputValue()}\nlog:\n  level: debug\n`);
          await button('Review changes').click();
        },
      ],
    };
    const wrong = [];
    for (const [name, [path, begin]] of Object.entries(open)) {
      await page.goto(daemon.url + path);
      await settled(page);
      await begin();
      await dialogInEveryWay(page, name, wrong);
    }
    equal(wrong.join('\n'), '', 'found');
    equal(page.errors.join('\n'), '', 'errors on the page');
  },

  // Pictures for eyes: tests/ui/run --bin … --pictures FOLDER 'every page in'. Without a folder they go with the journey's own.
  'a picture of every page in both themes': async ({ browser, daemon, box, pictures = box }) => {
    await daemon.cli('exec', 'list the files');
    const turn = (await daemon.cli('exec', 'read notes.md', '--json')).match(/trn_[0-9A-Z]+/)[0];
    const session = (await daemon.json('session', 'list')).items[0].id;
    const page = await signedIn(browser, daemon, kWide);
    for (const [name, path] of [...kPages, ['transcript', `/chat/${session}`], ['trace', `/trace/${turn}`]]) {
      await page.goto(daemon.url + path);
      for (const theme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme: theme });
        await settled(page);
        await takePicture(page, join(pictures, `${name.replaceAll(' ', '-')}-${theme}.png`));
      }
    }
  },
};
