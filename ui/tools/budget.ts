// SPDX-License-Identifier: MIT
// What a browser has to load, gzipped: the first page, and each lazy one. Fails over the budget of design/ux.md.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

type Chunk = {
  file: string;
  isEntry?: boolean;
  imports?: string[];
  dynamicImports?: string[];
  css?: string[];
  src?: string;
};
const dist = new URL('../dist/', import.meta.url);
const manifest: Record<string, Chunk> = JSON.parse(
  readFileSync(new URL('.vite/manifest.json', dist), 'utf8'),
);

const kFirstJs = 160 * 1024;
const kLazyJs = 120 * 1024;
const kCss = 30 * 1024;

const sizes = new Map<string, number>();
function size(file: string): number {
  const known = sizes.get(file);
  if (known !== undefined) return known;
  const value = gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;
  sizes.set(file, value);
  return value;
}

// A chunk and everything that it needs before it runs.
function closure(key: string, seen = new Set<string>()): Set<string> {
  if (seen.has(key)) return seen;
  seen.add(key);
  for (const next of manifest[key]?.imports ?? []) closure(next, seen);
  return seen;
}

const entry = Object.keys(manifest).find((key) => manifest[key]?.isEntry);
if (!entry) throw new Error('the manifest has no entry');
const first = closure(entry);
const js = (keys: Iterable<string>) =>
  [...keys].reduce((sum, key) => sum + size(manifest[key]?.file ?? ''), 0);
const css = [...first].flatMap((key) => manifest[key]?.css ?? []).reduce((sum, file) => sum + size(file), 0);

let failed = 0;
function say(name: string, value: number, limit: number): void {
  const over = value > limit;
  if (over) failed += 1;
  console.log(
    `${over ? 'OVER' : 'ok  '} ${(value / 1024).toFixed(1).padStart(6)} of ${limit / 1024} KiB  ${name}`,
  );
}
say('first load, JavaScript', js(first), kFirstJs);
say('first load, style', css, kCss);
for (const [key, chunk] of Object.entries(manifest)) {
  if (!chunk.src?.startsWith('src/') || chunk.isEntry) continue;
  say(key, js([...closure(key)].filter((part) => !first.has(part))), kLazyJs);
}
process.exit(failed ? 1 : 0);
