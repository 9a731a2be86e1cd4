// SPDX-License-Identifier: MIT
// What a model, a file or a name can say to the page, and must not make it do: ask anybody, run anything, press anything.
import { ask, equal, expect, kPages, settled, signedIn, until } from '../lib.mjs';
import { startModel, startTrap } from '../model.mjs';

// Ways out of Markdown and HTML: pictures, references, styles, prefetch, frames, SVG, forms, links, parsers that disagree.
function corpus(trap) {
  const run = "window.__ran=(window.__ran||0)+1";
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
  ];
}

export const journeys = {
  'nothing that is said reaches out or runs': async ({ browser, daemon }) => {
    const trap = await startTrap();
    const texts = corpus(trap.url);
    const model = await startModel(new Map(texts.map((text, index) => [`case-${index}-`, text])));
    try {
      await daemon.cli('provider', 'add', 'fake', '--kind', 'openai', '--base-url', model.url, '--no-key');
      await daemon.cli('model', 'use', 'fake/fake');
      const page = await signedIn(browser, daemon);
      const session = JSON.parse((await daemon.cli('exec', `${texts[7]} case-0-`, '--json')).split('\n')[0]).session_id;
      for (let at = 1; at < texts.length; at += 1)
        await ask(page, daemon, 'POST', `/sessions/${session}/messages`, { text: `${texts[at]} case-${at}-` });
      for (const text of texts.slice(0, 12)) await ask(page, daemon, 'POST', '/memory', { text });
      page.on('dialog', (dialog) => {
        page.errors.push(`a dialog: ${dialog.message()}`);
        void dialog.dismiss();
      });
      await until('everything is said', async () => (await ask(page, daemon, 'GET', `/sessions/${session}`)).message_count >= 2 * texts.length, 60_000);
      const look = async (path) => {
        await page.goto(daemon.url + path);
        await settled(page);
        equal(await page.evaluate(() => window.__ran ?? 0), 0, `scripts that ran on ${path}`);
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
      equal(await page.evaluate(() => window.__ran ?? 0), 0, 'scripts that ran');
      equal(trap.seen.join(' '), '', 'requests that reached the trap');
      equal(page.strays.join(' '), '', 'requests to others');
      equal(page.errors.join('\n'), '', 'dialogs, errors and reports of the content security policy');
    } finally {
      model.stop();
      trap.stop();
    }
  },

  'control: the same texts as markup do reach the trap and run': async ({ browser, daemon }) => {
    const trap = await startTrap();
    const page = await (await daemon.window(browser)).newPage();
    await page.setContent(`<body>${corpus(trap.url).join('\n')}</body>`);
    await until('requests reach the trap', () => trap.seen.length > 10);
    // In a page of their own: some of the others lead away from it.
    const second = await (await daemon.window(browser)).newPage();
    await second.setContent(`<body>${corpus(trap.url).filter((text) => text.includes('__ran')).join('\n')}</body>`);
    await until('scripts run', () => second.evaluate(() => (window.__ran ?? 0) > 0));
    trap.stop();
  },
};
