// SPDX-License-Identifier: MIT
// Which lines went and which came, by the longest common subsequence. Config files are small; beyond the bound all lines count as changed.

export type DiffLine = { kind: ' ' | '-' | '+'; text: string };

const kMaxCells = 4_000_000;

export function lineDiff(before: string, after: string): DiffLine[] {
  const a = before.split('\n');
  const b = after.split('\n');
  if (a.length * b.length > kMaxCells)
    return [
      ...a.map((text): DiffLine => ({ kind: '-', text })),
      ...b.map((text): DiffLine => ({ kind: '+', text })),
    ];
  const width = b.length + 1;
  const length = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1)
      length[i * width + j] =
        a[i] === b[j]
          ? (length[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(length[(i + 1) * width + j] ?? 0, length[i * width + j + 1] ?? 0);
  const out: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      out.push({ kind: ' ', text: a[i] ?? '' });
      i += 1;
      j += 1;
    } else if (
      j >= b.length ||
      (i < a.length && (length[(i + 1) * width + j] ?? 0) >= (length[i * width + j + 1] ?? 0))
    ) {
      out.push({ kind: '-', text: a[i] ?? '' });
      i += 1;
    } else {
      out.push({ kind: '+', text: b[j] ?? '' });
      j += 1;
    }
  }
  return out;
}

// What one side did to the base: the lines [from, to) of it became others.
type Hunk = { from: number; to: number; lines: string[] };

function hunksOf(base: string, other: string): Hunk[] {
  const hunks: Hunk[] = [];
  let at = 0;
  let open: Hunk | null = null;
  for (const { kind, text } of lineDiff(base, other)) {
    if (kind === ' ') {
      open = null;
      at += 1;
      continue;
    }
    if (!open) {
      open = { from: at, to: at, lines: [] };
      hunks.push(open);
    }
    if (kind === '+') open.lines.push(text);
    else {
      at += 1;
      open.to = at;
    }
  }
  return hunks;
}

const isSame = (a: Hunk, b: Hunk) =>
  a.from === b.from && a.to === b.to && a.lines.join('\n') === b.lines.join('\n');

// Both sides' changes in one text. Null when they touch the same or neighbouring lines: then a person decides.
export function mergeLines(base: string, mine: string, theirs: string): string | null {
  const ours = hunksOf(base, mine);
  const others = hunksOf(base, theirs).filter((one) => !ours.some((own) => isSame(own, one)));
  if (others.some((one) => ours.some((own) => one.from <= own.to && own.from <= one.to))) return null;
  const lines = base.split('\n');
  const backwards = [...ours, ...others].sort((a, b) => b.from - a.from);
  for (const hunk of backwards) lines.splice(hunk.from, hunk.to - hunk.from, ...hunk.lines);
  return lines.join('\n');
}
