// SPDX-License-Identifier: MIT
// Reports as the daemon writes them: the bytes of a file are never made here, only carried.
import { api, type Schemas, take } from '@/api/client';
import type { Row } from '../query';
import { addRemoved, nothingRemoved, type Removed } from './removed';
import { type ZipFile, zip } from './zip';

export type Format = 'html' | 'markdown' | 'json';
export const kFormats: Format[] = ['html', 'markdown', 'json'];
export const kMostBytes = 512 * 2 ** 20;
const kEndings: Record<Format, string> = { html: 'html', markdown: 'md', json: 'json' };
const kTypes: Record<Format, string> = {
  html: 'text/html',
  markdown: 'text/markdown',
  json: 'application/json',
};

type Document = Schemas['SessionDocument'];
type Progress = (done: number) => void;

export type Preview = {
  removed: Removed;
  // The manifest's hash of each session, by its id, as it will be in the file.
  hashes: Map<string, string>;
};

function exported(id: string, redact: boolean): Promise<Document> {
  return take(
    api.GET('/api/v1/sessions/{id}/export', { params: { path: { id }, query: { format: 'json', redact } } }),
  ) as Promise<Document>;
}

// What redaction takes out of these sessions. Nothing is kept of them but counts, hashes and the first places.
export async function preview(
  rows: Row[],
  redact: boolean,
  onProgress: Progress,
  signal: AbortSignal,
): Promise<Preview> {
  const removed = nothingRemoved();
  const hashes = new Map<string, string>();
  for (const [index, row] of rows.entries()) {
    if (signal.aborted) throw new DOMException('stopped', 'AbortError');
    onProgress(index);
    const [whole, without] = await Promise.all([exported(row.id, false), exported(row.id, true)]);
    const name = rows.length > 1 ? row.title || row.id : '';
    addRemoved(removed, whole.content, without.content, without.manifest.redactions ?? {}, name);
    hashes.set(row.id, (redact ? without : whole).manifest.sha256);
  }
  onProgress(rows.length);
  return { removed, hashes };
}

export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function report(id: string, format: Format, redact: boolean): Promise<Uint8Array<ArrayBuffer>> {
  const buffer = await take(
    api.GET('/api/v1/sessions/{id}/export', {
      params: { path: { id }, query: { format, redact } },
      parseAs: 'arrayBuffer',
    }),
  );
  return new Uint8Array(buffer as unknown as ArrayBuffer);
}

export type Made = { name: string; blob: Blob; bytes: number; sha256: string; files: number };
export class TooLarge extends Error {}

export async function make(
  rows: Row[],
  format: Format,
  redact: boolean,
  hashes: Map<string, string>,
  onProgress: Progress,
  signal: AbortSignal,
): Promise<Made> {
  const files: ZipFile[] = [];
  const manifest: object[] = [];
  let size = 0;
  for (const [index, row] of rows.entries()) {
    if (signal.aborted) throw new DOMException('stopped', 'AbortError');
    onProgress(index);
    const bytes = await report(row.id, format, redact);
    size += bytes.length;
    if (size > kMostBytes) throw new TooLarge();
    const name = `${row.id}.${kEndings[format]}`;
    files.push({ name, bytes });
    manifest.push({
      file: name,
      bytes: bytes.length,
      sha256: await sha256(bytes),
      content_sha256: hashes.get(row.id) ?? null,
      redacted: redact,
    });
  }
  onProgress(rows.length);
  const [only] = files;
  if (files.length === 1 && only)
    return {
      name: only.name,
      blob: new Blob([only.bytes], { type: kTypes[format] }),
      bytes: only.bytes.length,
      sha256: await sha256(only.bytes),
      files: 1,
    };
  const text = `${JSON.stringify({ format: 'pryx.sessions/1', files: manifest }, null, 2)}\n`;
  files.push({ name: 'manifest.json', bytes: new TextEncoder().encode(text) });
  const blob = new Blob(zip(files, new Date()), { type: 'application/zip' });
  const whole = new Uint8Array(await blob.arrayBuffer());
  return {
    name: `pryx-sessions-${new Date().toISOString().slice(0, 10)}.zip`,
    blob,
    bytes: whole.length,
    sha256: await sha256(whole),
    files: files.length - 1,
  };
}

export function save(made: Made): void {
  const url = URL.createObjectURL(made.blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = made.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
