// SPDX-License-Identifier: MIT
// The pictures that README.md shows, by the names it shows them under: tests/ui/run --bin … --pictures docs/pictures README. Without a
// folder they go with the journey's own, and only prove that they can be made.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, root, settled, signedIn, takePicture } from '../lib.mjs';
import { startModel } from '../model.mjs';

const kNotes = `Two things are open in \`notes.md\`:

1. **Buy tea**, which nobody but you can do.
2. **The weekly report**: \`plan.txt\` has what belongs into it.

| step of the plan | state |
|---|---|
| one | done |
| two | open |

Shall I write the report?`;

const kAnswers = new Map([
  ['notes', { tool: 'fs.read', arguments: { path: 'notes.md' }, text: kNotes }],
  [
    'report',
    {
      tool: 'fs.write',
      arguments: { path: 'report.md', content: '# Weekly report\n\n- one: done\n- two: open\n' },
      text: 'The report is in `report.md`.',
    },
  ],
  ['staging', { tool: 'http.request', arguments: { method: 'GET', url: 'https://staging.example.org/health' }, text: 'It is up.' }],
]);

async function ask(page, daemon, session, text) {
  await page.goto(`${daemon.url}/chat/${session}`);
  await page.getByRole('textbox', { name: 'Message' }).fill(text);
  await page.keyboard.press('Enter');
  await page.locator('[data-approval]').first().waitFor();
}

export const journeys = {
  'the pictures of README.md': async ({ browser, daemon, box, pictures = box }) => {
    const taken = [];
    const model = await startModel(kAnswers, 'demo');
    try {
      await daemon.cli('provider', 'add', 'local', '--kind', 'openai', '--base-url', model.url, '--no-key');
      await daemon.cli('model', 'use', 'local/demo');
      await daemon.cli('exec', 'Is staging healthy?').catch(() => {});
      const staging = (await daemon.json('session', 'list')).items[0].id;
      await daemon.cli('exec', 'What is open in my notes?');
      const notes = (await daemon.json('session', 'list')).items[0].id;
      const shoot = async (name, theme, path) => {
        const page = await signedIn(browser, daemon, { theme });
        await page.goto(daemon.url + path);
        await settled(page);
        await takePicture(page, join(pictures, `${name}-${theme}.png`));
        taken.push(`${name}-${theme}.png`);
        await page.context().close();
      };
      const page = await signedIn(browser, daemon);
      await ask(page, daemon, staging, 'Is staging healthy now?');
      await ask(page, daemon, notes, 'Write the report');
      await page.context().close();
      await shoot('chat', 'light', `/chat/${notes}`);
      await shoot('home', 'dark', '/');
      await shoot('policy', 'dark', '/policy');
      const shown = readFileSync(join(root, 'README.md'), 'utf8').match(/(?<=docs\/pictures\/)[\w-]+\.png/g) ?? [];
      equal([...new Set(shown)].sort().join(), taken.sort().join(), 'the pictures that README.md shows');
    } finally {
      model.stop();
    }
  },
};
