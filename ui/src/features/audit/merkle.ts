// SPDX-License-Identifier: MIT
// RFC 6962: does a path lead from a leaf to a root? The same that pryx-audit-verify computes, for a first look in the browser. Pure.
export type Step = { hash: string; side: 'left' | 'right' };

const kLeaf = 0;
const kNode = 1;

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

// On which side each hash of the path stands, for entry `index` (the first is 1) of `size`. Null when the path has not that length.
export function sidesOf(index: number, size: number, path: string[]): Step[] | null {
  if (index < 1 || index > size) return null;
  let at = index - 1;
  let last = size - 1;
  const out: Step[] = [];
  let next = 0;
  while (last > 0) {
    if (at % 2 === 1) out.push({ hash: path[next++] ?? '', side: 'left' });
    else if (at < last) out.push({ hash: path[next++] ?? '', side: 'right' });
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return next === path.length && out.every((step) => step.hash) ? out : null;
}

// The leaf of an entry: the hash of its bytes as they were logged.
export async function leafOf(entry: string): Promise<string> {
  return hexOf(
    new Uint8Array(
      await crypto.subtle.digest('SHA-256', new TextEncoder().encode(String.fromCharCode(kLeaf) + entry)),
    ),
  );
}

// The entry's bytes as a proof's answer has them; "from" is the member after it, and an entry's own text is escaped.
export function entryIn(proof: string): string | null {
  const begin = proof.indexOf('"entry":');
  const end = proof.lastIndexOf(',"from":');
  return begin < 0 || end < begin ? null : proof.slice(begin + '"entry":'.length, end);
}

export async function rootOf(leaf: string, steps: Step[]): Promise<string> {
  let hash = bytesOf(leaf);
  for (const step of steps) {
    const other = bytesOf(step.hash);
    const [left, right] = step.side === 'left' ? [other, hash] : [hash, other];
    const node = new Uint8Array(1 + left.length + right.length);
    node[0] = kNode;
    node.set(left, 1);
    node.set(right, 1 + left.length);
    hash = new Uint8Array(await crypto.subtle.digest('SHA-256', node));
  }
  return hexOf(hash);
}

// The size and root that a checkpoint's note names.
export function readNote(note: string): { origin: string; size: number; root: string } | null {
  const [origin, size, root] = note.split('\n');
  if (!origin || !size || !root || !/^\d+$/.test(size)) return null;
  try {
    return { origin, size: Number(size), root: hexOf(Uint8Array.from(atob(root), (c) => c.charCodeAt(0))) };
  } catch {
    return null;
  }
}
