// SPDX-License-Identifier: MIT
// Reports as the daemon writes them: the bytes of a file are never made here, only carried.
import { api, type Schemas, take } from '@/api/client';
import type { Row } from '../query';
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

// The hash that the manifest of every format has for the content.
async function contentHash(id: string, redact: boolean): Promise<string> {
  const document = (await take(
    api.GET('/api/v1/sessions/{id}/export', { params: { path: { id }, query: { format: 'json', redact } } }),
  )) as Document;
  return document.manifest.sha256;
}

export type Place = Schemas['RedactionChange'] & { name: string };
// What redaction takes out: counts by detector, and the first places, the values masked.
export type Preview = {
  counts: Map<string, { values: number; places: number }>;
  places: number;
  shown: Place[];
};

const kMostShown = 400;
const kPreviewPage = 200;

// Goes over the same documents as the export will. Of each only as many places are read as there is room to show.
export async function preview(rows: Row[], onProgress: Progress, signal: AbortSignal): Promise<Preview> {
  const sum: Preview = { counts: new Map(), places: 0, shown: [] };
  for (const [index, row] of rows.entries()) {
    onProgress(index);
    const name = rows.length > 1 ? row.title || row.id : '';
    let cursor: string | undefined;
    do {
      if (signal.aborted) throw new DOMException('stopped', 'AbortError');
      const page = await take(
        api.GET('/api/v1/sessions/{id}/export/preview', {
          params: { path: { id: row.id }, query: { limit: kPreviewPage, cursor } },
        }),
      );
      if (!cursor) addCounts(sum, page);
      const room = Math.max(0, kMostShown - sum.shown.length);
      sum.shown.push(...page.items.slice(0, room).map((place) => ({ ...place, name })));
      cursor = room > 0 ? (page.next_cursor ?? undefined) : undefined;
    } while (cursor);
  }
  onProgress(rows.length);
  return sum;
}

function addCounts(sum: Preview, page: Schemas['RedactionPreview']): void {
  sum.places += page.places;
  for (const { detector, values, places } of page.counts) {
    const old = sum.counts.get(detector) ?? { values: 0, places: 0 };
    sum.counts.set(detector, { values: old.values + values, places: old.places + places });
  }
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

export type Made = {
  name: string;
  blob: Blob;
  bytes: number;
  sha256: string;
  files: number;
  // Of one session: the manifest's hash of its content.
  content: string | undefined;
};
export class TooLarge extends Error {}

export async function make(
  rows: Row[],
  format: Format,
  redact: boolean,
  onProgress: Progress,
  signal: AbortSignal,
): Promise<Made> {
  const files: ZipFile[] = [];
  const manifest: object[] = [];
  const contents: string[] = [];
  let size = 0;
  for (const [index, row] of rows.entries()) {
    if (signal.aborted) throw new DOMException('stopped', 'AbortError');
    onProgress(index);
    const [bytes, content] = await Promise.all([report(row.id, format, redact), contentHash(row.id, redact)]);
    contents.push(content);
    size += bytes.length;
    if (size > kMostBytes) throw new TooLarge();
    const name = `${row.id}.${kEndings[format]}`;
    files.push({ name, bytes });
    manifest.push({
      file: name,
      bytes: bytes.length,
      sha256: await sha256(bytes),
      content_sha256: content,
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
      content: contents[0],
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
    content: undefined,
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
