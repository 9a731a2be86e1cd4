// SPDX-License-Identifier: MIT
// What a model, a file or a name can say to the page, and must not make it do: ask anybody, run anything, press anything.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask, equal, expect, kPages, settled, signedIn, until } from '../lib.mjs';
import { startModel, startTrap } from '../model.mjs';

// Ways out of Markdown and HTML: pictures, references, styles, prefetch, frames, SVG, forms, links, parsers that disagree.
function corpus(trap) {
  // Without anything that a cell of a table, an address or a value has to have escaped: it would be no script then.
  const run = 'window.__ran=1';
  return [
    `![a](${trap}/1)`,
    `![a][r]\n\n[r]: ${trap}/2 "t"`,
    `[![a](${trap}/3)](${trap}/4)`,
    `![a](<${trap}/5> "t")`,
    `![a](${trap.replace('http:', '')}/6)`,
    `![a](\\\\${trap.slice(7)}/7)`,
    `<img src="${trap}/8">`,
    `<img src=x onerror="${run}">`,
    `<img srcset="${trap}/9 1x, ${trap}/10 2x">`,
    `<picture><source srcset="${trap}/11"><img></picture>`,
    `<svg><image href="${trap}/12"/></svg>`,
    `<svg onload="${run}">`,
    `<svg><script>${run}</script></svg>`,
    `<svg><use href="${trap}/13#a"/></svg>`,
    `<svg><style>@import "${trap}/14"</style></svg>`,
    `<script>${run}</script>`,
    `<script src="${trap}/15"></script>`,
    `<style>@import url(${trap}/16);*{background:url(${trap}/17)}</style>`,
    `<link rel=stylesheet href="${trap}/18">`,
    `<link rel=prefetch href="${trap}/19"><link rel=preload as=image href="${trap}/20"><link rel=dns-prefetch href="${trap}/21">`,
    `<link rel=preconnect href="${trap}"><link rel=modulepreload href="${trap}/22"><link rel=icon href="${trap}/23">`,
    `<iframe src="${trap}/24"></iframe>`,
    `<iframe srcdoc="<script>parent.__ran=1</script>"></iframe>`,
    `<object data="${trap}/25"></object><embed src="${trap}/26">`,
    `<video src="${trap}/27" poster="${trap}/28" autoplay></video><audio src="${trap}/29" autoplay></audio>`,
    `<input type=image src="${trap}/30"><body background="${trap}/31"><table background="${trap}/32">`,
    `<meta http-equiv=refresh content="0;url=${trap}/33">`,
    `<base href="${trap}/">\n\n![a](34)`,
    `<form action="${trap}/35"><button autofocus formaction="${trap}/36">Allow</button></form>`,
    `[a](javascript:${run})`,
    `[a](JaVaScRiPt:${run})`,
    `[a](java&#x0A;script:${run})`,
    `[a](data:text/html,<script>${run}</script>)`,
    `[a](vbscript:x) [b](file:///etc/passwd) [c](blob:x)`,
    `<a href="javascript:${run}">x</a>`,
    `<a href="${trap}/37" ping="${trap}/38">x</a>`,
    `<details open ontoggle="${run}"><summary>x</summary></details>`,
    `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=${run}&gt;">`,
    `<noscript><p title="</noscript><img src=x onerror=${run}>">`,
    `<template><img src="${trap}/39"></template><xmp><img src="${trap}/40"></xmp>`,
    `<div style="background:url(${trap}/41)">x</div>`,
    `<div style="background-image:image-set(url(${trap}/42) 1x)">x</div>`,
    '```html\n<img src=x onerror="' + run + '">\n```',
    '```mermaid\ngraph TD; A-->B; click A href "javascript:' + run + '"\n```',
    '`<img src=x onerror=' + run + '>`',
    `$$\\href{javascript:${run}}{x}$$ $\\includegraphics{${trap}/43}$`,
    `| a |\n|---|\n| ![x](${trap}/44) <img src=${trap}/45> |`,
    `- [ ] ![x](${trap}/46)`,
    `[^1]\n\n[^1]: ![x](${trap}/47)`,
    `<${trap}/48>`,
    `${trap}/49`,
    `www.${trap.slice(7)}/50`,
    `![${'a'.repeat(3000)}](${trap}/51)`,
    `![a](${trap}/52`,
    `<img src="${trap}/53`,
    `\u202e![a](${trap}/54)\u202c`,
    `<img/src="${trap}/55"/onerror="${run}">`,
    `<<script>alert</script>script>${run}<</script>/script>`,
    `{{constructor.constructor('${run}')()}} \${${run}}`,
    `<portal src="${trap}/56"></portal><fencedframe src="${trap}/57"></fencedframe>`,
    `<button onclick="${run}" autofocus onfocus="${run}">Allow once</button>`,
    `<input autofocus onfocus="${run}">`,
    `<marquee onstart="${run}">x</marquee>`,
    `<x-y onpointerenter="${run}" style="position:fixed;inset:0">x</x-y>`,
    `1 &lt; 2 &amp; &copy; &lt;img src="${trap}/58" onerror=${run}&gt; &notit; &#60;img src=${trap}/59&#62;`,
  ];
}

// The same where a parser stands elsewhere: what it takes for a tag, a link or the end of one depends on what is around it.
const oneLine = (text) => text.replace(/\s*\n\s*/g, ' ');
const kVariants = {
  plainly: (text) => text,
  'in a list': (text) => `- ${text.replaceAll('\n', '\n  ')}`,
  'in a quote': (text) => `> ${text.replaceAll('\n', '\n> ')}`,
  'in a table': (text) => `| ${oneLine(text).replaceAll('|', '\\|')} | x |\n|---|---|\n| y | z |`,
  'as what a link says': (text) => `[${oneLine(text)}](https://example.invalid/)`,
  'in capitals': (text) =>
    text
      .replace(/<(\/?)([a-z-]+)/g, (_, end, name) => `<${end}${name.toUpperCase()}`)
      .replace(/[ /](on[a-z]+|src|href|srcset|srcdoc|style|data|poster|ping|action)=/g, (name) => name.toUpperCase()),
};
const kFewest = 300;
// Of one answer that streams in some seventy pieces: fewer, and the page saw it come at once.
const kFewestDrawn = 10;

function variants(trap) {
  return Object.entries(kVariants).map(([how, change]) => [how, corpus(trap).map(change)]);
}

// Each piece ends inside of one text and the next begins there: behind what opens a tag, a link, a fence, a value or an entity.
function piecesOf(texts, seed) {
  const whole = texts.join('\n\n');
  const pieces = [];
  let from = 0;
  let begin = 0;
  for (const [index, text] of texts.entries()) {
    const openings = [...text.matchAll(/[<[(`"=:&;]/g)].map((one) => one.index + 1).filter((at) => at < text.length);
    const cut = begin + (openings[(index + seed) % openings.length] ?? Math.floor(text.length / 2));
    pieces.push(whole.slice(from, cut));
    from = cut;
    begin += text.length + 2;
  }
  return [...pieces, whole.slice(from)];
}

// A page that notes everything it must not do, for `nothingHappened`.
async function watched(browser, daemon, more) {
  const page = await signedIn(browser, daemon, more);
  page.on('dialog', (dialog) => {
    page.errors.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return page;
}

async function isWhole(page, where) {
  equal(await page.evaluate(() => window.__ran ?? 0), 0, `scripts that ran ${where}`);
  equal(await page.getByText('This page broke').count(), 0, `pages that broke ${where}`);
}

async function nothingHappened(page, trap) {
  await isWhole(page, 'at the end');
  equal(trap.seen.join(' '), '', 'requests that reached the trap');
  equal(page.strays.join(' '), '', 'requests to others');
  // What grew while it was measured, and is measured in the next frame, is no harm.
  const errors = page.errors.filter((text) => !text.startsWith('ResizeObserver loop'));
  equal(errors.join('\n'), '', 'dialogs, errors and reports of the content security policy');
}

async function use(daemon, model) {
  await daemon.cli('provider', 'add', 'fake', '--kind', 'openai', '--base-url', model.url, '--no-key');
  await daemon.cli('model', 'use', 'fake/fake');
}

async function newSession(daemon, prompt) {
  return JSON.parse((await daemon.cli('exec', prompt, '--json')).split('\n')[0]).session_id;
}

// Says it in the session; the turn it begins.
async function say(page, daemon, session, text) {
  return (await ask(page, daemon, 'POST', `/sessions/${session}/messages`, { text })).turn_id;
}

async function ended(page, daemon, turn, state) {
  const now = async () => (await ask(page, daemon, 'GET', `/turns/${turn}?wait=5`)).state;
  await until(`the turn is ${state}`, async () => (await now()) === state, 60_000);
}

export const journeys = {
  'nothing that is said reaches out or runs': async ({ browser, daemon }) => {
    const trap = await startTrap();
    const texts = corpus(trap.url);
    const model = await startModel(new Map(texts.map((text, index) => [`case-${index}-`, text])));
    try {
      await use(daemon, model);
      const page = await watched(browser, daemon);
      const session = await newSession(daemon, `${texts[7]} case-0-`);
      for (let at = 1; at < texts.length; at += 1) await say(page, daemon, session, `${texts[at]} case-${at}-`);
      for (const text of texts.slice(0, 12)) await ask(page, daemon, 'POST', '/memory', { text });
      await until('everything is said', async () => (await ask(page, daemon, 'GET', `/sessions/${session}`)).message_count >= 2 * texts.length, 60_000);
      const look = async (path) => {
        await page.goto(daemon.url + path);
        await settled(page);
        await isWhole(page, `on ${path}`);
      };
      await look(`/chat/${session}`);
      // The whole transcript passes by: only what is in sight is in the page.
      const log = page.getByRole('log');
      await log.hover();
      const seen = new Set();
      for (let step = 0; step < 100 && !seen.has('case-0-'); step += 1) {
        await page.mouse.wheel(0, -900);
        await log.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
        for (const one of (await log.innerText()).match(/case-\d+-/g) ?? []) seen.add(one);
      }
      expect(seen.size >= texts.length * 0.9, `only ${seen.size} of ${texts.length} texts came into sight`);
      for (const [, path] of kPages) await look(path);
      await look(`/sessions?q=${encodeURIComponent('img')}`);
      await nothingHappened(page, trap);
    } finally {
      model.stop();
      trap.stop();
    }
  },

  'nothing that streams into an open conversation reaches out or runs': async ({ browser, daemon }) => {
    const trap = await startTrap();
    const groups = variants(trap.url);
    const different = new Set(groups.flatMap(([, texts]) => texts)).size;
    expect(different >= kFewest, `only ${different} different texts`);
    const answers = groups.map(([, texts], at) => [
      `stream-${at}-`,
      { reasoning: texts.join('\n'), pieces: [...piecesOf(texts, at), `\n\nend-${at}-`] },
    ]);
    const model = await startModel(new Map(answers));
    try {
      await use(daemon, model);
      const page = await watched(browser, daemon);
      const session = (await ask(page, daemon, 'POST', '/sessions', {})).id;
      await page.goto(`${daemon.url}/chat/${session}`);
      const log = page.getByRole('log');
      await log.waitFor();
      // How long the text was each time that some of it was drawn.
      await log.evaluate((box) => {
        const note = () => window.__lengths.add(box.textContent.length);
        new MutationObserver(note).observe(box, { subtree: true, childList: true, characterData: true });
      });
      for (const [at, [how, texts]] of groups.entries()) {
        await page.evaluate(() => {
          window.__lengths = new Set();
        });
        const turn = await say(page, daemon, session, `${texts.join('\n\n')}\n\nstream-${at}-`);
        await ended(page, daemon, turn, 'completed');
        await log.getByText(`end-${at}-`).first().waitFor();
        const drawn = await page.evaluate(() => window.__lengths.size);
        expect(drawn >= kFewestDrawn, `texts ${how} were drawn at ${drawn} lengths only: nobody saw them stream`);
        await isWhole(page, how);
      }
      await settled(page);
      await nothingHappened(page, trap);
      return `${different} different texts`;
    } finally {
      model.stop();
      trap.stop();
    }
  },

  'nothing that a tool, a card, a name or an error says reaches out or runs': async ({ browser, daemon }) => {
    const trap = await startTrap();
    const texts = corpus(trap.url);
    const short = texts.map(oneLine).filter((text) => Buffer.byteLength(text) <= 200);
    // No name of a file has a slash in it; in an address a browser takes the other one for it.
    for (const text of short) writeFileSync(join(daemon.workspace, text.replaceAll('/', '\\')), '');
    const whole = variants(trap.url).flatMap(([, all]) => all).join('\n\n');
    writeFileSync(join(daemon.workspace, 'hostile.txt'), whole);
    const path = '<img src=x onerror=window.__ran=1>.md';
    const model = await startModel(
      new Map([
        ['list-it-', { tool: 'fs.list', arguments: { path: '.' }, text: 'listed' }],
        ['read-it-', { tool: 'fs.read', arguments: { path: 'hostile.txt' }, text: 'read' }],
        ['refuse-it-', { refusal: short.slice(0, 12).join(' ') }],
        ['write-it-', { tool: 'fs.write', arguments: { path, content: whole.slice(0, 8000) }, text: 'written' }],
      ]),
    );
    try {
      await use(daemon, model);
      const page = await watched(browser, daemon, { height: 2400 });
      const session = await newSession(daemon, 'begin');
      const listed = await say(page, daemon, session, 'list-it-');
      await ended(page, daemon, listed, 'completed');
      const read = await say(page, daemon, session, 'read-it-');
      await ended(page, daemon, read, 'completed');
      await ended(page, daemon, await say(page, daemon, session, 'refuse-it-'), 'failed');
      await ask(page, daemon, 'PATCH', `/sessions/${session}`, { title: texts[7] });
      await say(page, daemon, session, 'write-it-');
      const approval = await until('an approval waits', async () => (await daemon.json('approval', 'list')).items[0], 60_000);
      for (const text of short) {
        await ask(page, daemon, 'POST', '/sessions', { title: text });
        await ask(page, daemon, 'POST', '/memory', { text });
      }
      const look = async (where) => {
        await page.goto(daemon.url + where);
        await settled(page);
        // What is folded together is looked at too.
        await page.evaluate(() => {
          for (const one of document.querySelectorAll('details')) one.open = true;
        });
        await settled(page);
        await isWhole(page, `on ${where}`);
        return page.locator('body').innerText();
      };
      const expected = [
        [`/chat/${session}?turn=${listed}`, 'fs.list', '__ran'],
        [`/chat/${session}?turn=${read}`, 'fs.read', '__ran'],
        [`/chat/${session}`, 'No answer', 'onerror=window.__ran=1'],
        ['/approvals', 'onerror=window.__ran=1'],
        ['/sessions', '__ran'],
        ['/memory', '__ran'],
      ];
      for (const [where, ...signs] of expected) {
        const shown = await look(where);
        for (const sign of signs) expect(shown.includes(sign), `${where} does not show ${sign}`);
      }
      await ask(page, daemon, 'POST', `/approvals/${approval.id}`, { decision: 'deny', reason: short.slice(0, 12).join(' ') });
      for (const where of ['/', '/approvals?tab=decided', '/audit', '/costs', `/trace/${read}`, `/trace/${read}?view=table`]) await look(where);
      await nothingHappened(page, trap);
    } finally {
      model.stop();
      trap.stop();
    }
  },

  'control: the same texts as markup do reach the trap and run': async ({ browser, daemon }) => {
    const trap = await startTrap();
    for (const [how, texts] of variants(trap.url)) {
      const before = trap.seen.length;
      // Of its own, so that nothing is in its cache.
      const context = await daemon.window(browser);
      const page = await context.newPage();
      await page.setContent(`<body>${texts.join('\n')}</body>`);
      await until(`requests of texts ${how} reach the trap`, () => trap.seen.length > before + 10);
      // In a page of their own: some of the others lead away from it.
      const second = await context.newPage();
      await second.setContent(`<body>${texts.filter((text) => /__ran/.test(text)).join('\n')}</body>`);
      await until(`scripts of texts ${how} run`, () => second.evaluate(() => (window.__ran ?? 0) > 0));
      await context.close();
    }
    trap.stop();
  },
};
