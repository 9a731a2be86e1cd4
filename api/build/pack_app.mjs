// SPDX-License-Identifier: MIT
// Build-time tool: `pack_app.mjs DIST FOLDER` compresses a built browser application for being built in. FOLDER gets a
// file for each form (a name is a hash of what it was made of, so a file that did not change is not compressed again) and
// app.json, which embed.cpp reads. Source maps and hidden files stay out.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const kIndex = '/index.html'; // filled in for each answer, so it is held as it is
const kWorth = 0.95; // a form that saves less than this is not worth its bytes

const [dist, folder] = process.argv.slice(2);
if (!folder) throw new Error('usage: pack_app.mjs DIST FOLDER');

function filesOf(root) {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path, name: '/' + relative(root, path).split(sep).join('/') }))
    .filter(({ name }) => !name.includes('/.') && !name.endsWith('.map') && !name.endsWith('.md'));
}

function form(name, make, limit) {
  const path = join(folder, name);
  if (!existsSync(path)) {
    const bytes = make();
    writeFileSync(path + '.part', bytes);
    renameSync(path + '.part', path);
  }
  return readFileSync(path).length < limit ? name : undefined;
}

function pack({ path, name }) {
  const bytes = readFileSync(path);
  const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
  const packed = { path: name, digest, size: bytes.length };
  const raw = () => form(digest, () => bytes, Infinity);
  if (name === kIndex) return { ...packed, identity: raw() };
  const gzip = form(digest + '.gz', () => gzipSync(bytes, { level: 9 }), bytes.length * kWorth);
  if (!gzip) return { ...packed, identity: raw() };
  const options = {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 22, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  };
  const smaller = readFileSync(join(folder, gzip)).length;
  return { ...packed, gzip, brotli: form(digest + '.br', () => brotliCompressSync(bytes, options), smaller) };
}

mkdirSync(folder, { recursive: true });
const order = (a, b) => (a.name < b.name ? -1 : 1); // by bytes, as the program looks them up
const listed = filesOf(dist).sort(order).map(pack);
if (!listed.some((file) => file.path === kIndex)) throw new Error(`${dist} has no index.html`);
const used = new Set(['app.json', ...listed.flatMap((file) => [file.identity, file.gzip, file.brotli, file.digest + '.gz', file.digest + '.br'])]);
for (const name of readdirSync(folder)) if (!used.has(name)) rmSync(join(folder, name));
const text = JSON.stringify(listed, null, 1) + '\n';
const target = join(folder, 'app.json');
// Unchanged text keeps its time stamp, so nothing after this step runs.
if (!existsSync(target) || readFileSync(target, 'utf8') !== text) writeFileSync(target, text);
