// SPDX-License-Identifier: MIT
// Streamed text, joined by offset. Offsets count bytes of UTF-8, so a piece that comes twice is dropped, one that overlaps is cut, and
// one that comes too early waits for what is missing. Pure.

const kEncoder = new TextEncoder();
const kDecoder = new TextDecoder();
const kMaxEarly = 64;

export type Joined = {
  readonly text: string;
  readonly bytes: number;
  // Pieces beyond a gap, by offset.
  readonly early: ReadonlyMap<number, string>;
};

export const kNothing: Joined = { text: '', bytes: 0, early: new Map() };

function append(joined: Joined, offset: number, piece: string): Joined | null {
  if (offset > joined.bytes) return null;
  const raw = kEncoder.encode(piece);
  const known = joined.bytes - offset;
  if (known >= raw.length) return joined;
  const fresh = known === 0 ? piece : kDecoder.decode(raw.subarray(known));
  return { ...joined, text: joined.text + fresh, bytes: offset + raw.length };
}

function takeEarly(joined: Joined): Joined {
  let current = joined;
  const early = new Map(joined.early);
  for (const [offset, piece] of [...early].sort(([a], [b]) => a - b)) {
    const next = append(current, offset, piece);
    if (!next) break;
    early.delete(offset);
    current = next;
  }
  return { ...current, early };
}

// `missing`: there is a gap, so the whole has to be asked for.
export function joinPiece(
  joined: Joined,
  offset: number,
  piece: string,
): { joined: Joined; missing: boolean } {
  const next = append(joined, offset, piece);
  if (next) return { joined: next.early.size > 0 ? takeEarly(next) : next, missing: false };
  if (joined.early.size >= kMaxEarly) return { joined, missing: true };
  return { joined: { ...joined, early: new Map(joined.early).set(offset, piece) }, missing: true };
}

// What the daemon says the text is so far. Older than what came by the bus: nothing changes.
export function joinWhole(joined: Joined, text: string): Joined {
  const bytes = kEncoder.encode(text).length;
  if (bytes <= joined.bytes) return joined;
  return takeEarly({ text, bytes, early: joined.early });
}
