// SPDX-License-Identifier: MIT
// @vitest-environment node
import { readFileSync } from 'node:fs';
import { resolveConfig } from 'vite';
import { expect, test } from 'vitest';

// The page enforces Trusted Types: whoever gives `innerHTML` a text breaks it. Tests under Node are given other files than browsers, so
// what a browser is given is looked at.
test('names of characters are read without innerHTML', async () => {
  const config = await resolveConfig({ logLevel: 'silent' }, 'build');
  const file = await config.createResolver()('decode-named-character-reference', import.meta.filename);
  expect(file).toMatch(/decode-named-character-reference\/index/);
  expect(readFileSync(file ?? '', 'utf8')).not.toContain('innerHTML');
});
