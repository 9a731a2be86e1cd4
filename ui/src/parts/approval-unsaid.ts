// SPDX-License-Identifier: MIT
// Which arguments of a call neither its line nor its preview says. A tool chooses what it previews; the answer binds every argument. Pure.
import type { Schemas } from '@/api/client';

type Approval = Schemas['Approval'];

// What a preview shows, without the signs that tools put before its lines: itself, each block that is indented, and each hunk of a
// diff as it was and as it becomes.
type Shown = { texts: string[]; becomes: string[] };

function shownIn(preview: string): Shown {
  const texts = [preview];
  const becomes: string[] = [];
  const isDiff = preview.startsWith('--- ');
  let block: string[] = [];
  let hunk: { before: string; after: string } | null = null;
  let sign = ' ';
  const close = () => {
    if (block.length > 0) texts.push(block.join('\n'));
    if (hunk) {
      texts.push(hunk.before, hunk.after);
      becomes.push(hunk.after);
    }
    block = [];
    hunk = null;
  };
  for (const line of preview.split('\n')) {
    if (isDiff && line.startsWith('@@ ')) {
      close();
      hunk = { before: '', after: '' };
    } else if (hunk && line.startsWith('\\')) {
      // "No newline at end of file" is said of the line before.
      if (sign !== '+') hunk.before = hunk.before.replace(/\n$/, '');
      if (sign !== '-') hunk.after = hunk.after.replace(/\n$/, '');
    } else if (hunk && /^[ +-]/.test(line)) {
      sign = line.charAt(0);
      if (sign !== '+') hunk.before += `${line.slice(1)}\n`;
      if (sign !== '-') hunk.after += `${line.slice(1)}\n`;
    } else if (!isDiff && line.startsWith('  ')) block.push(line.slice(2));
    else close();
  }
  close();
  return { texts, becomes };
}

const isWord = (character: string) => /^[\p{L}\p{N}_]$/u.test(character);

// As words of its own: "in" is not said by "install".
function holds(text: string, part: string): boolean {
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) {
    const end = at + part.length;
    const begins = !isWord(part.charAt(0)) || !isWord(text.charAt(at - 1));
    const ends = !isWord(part.charAt(part.length - 1)) || !isWord(text.charAt(end));
    if (begins && ends) return true;
  }
  return false;
}

// A file of which the diff shows what changes, and leaves out what stays.
function isFileAfter(text: string, becomes: string[]): boolean {
  let at = 0;
  for (const part of becomes) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return becomes.length > 0 && becomes.every((part) => part !== '');
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsOf);
}

// Numbers and yes or no are said by tools in words of their own; texts come from the model.
export function unsaidArguments(approval: Approval): Record<string, unknown> {
  const { texts, becomes } = shownIn(approval.preview ?? '');
  const all = [approval.rendering, ...texts];
  const isSaid = (text: string) => all.some((one) => holds(one, text)) || isFileAfter(text, becomes);
  return Object.fromEntries(
    Object.entries(approval.arguments ?? {}).filter(([, value]) => !textsOf(value).every(isSaid)),
  );
}
