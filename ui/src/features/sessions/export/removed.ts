// SPDX-License-Identifier: MIT
// What redaction takes out, found by holding the redacted document against the whole one. Pure.
export type Place = {
  where: string;
  kind: string;
  before: string;
  removed: string;
  put: string;
  after: string;
};
export type Removed = {
  // Different values by detector, as the manifest counts them.
  values: Record<string, number>;
  // Places by detector.
  places: Record<string, number>;
  total: number;
  // The first of them, in full.
  shown: Place[];
};

const kPlaceholder =
  /\[(secret|key|jwt|token|credentials|password|email|iban|card|id|phone|mac|ip|user)-\d+\]/g;
const kContext = 48;
const kMostShown = 500;
const kMostChars = 400;

const cut = (text: string) => (text.length > kMostChars ? `${text.slice(0, kMostChars)}…` : text);

// Aligns the literals around placeholders with the whole text; what lies between them was taken out.
export function removedFrom(whole: string, redacted: string): Omit<Place, 'where'>[] {
  const out: Omit<Place, 'where'>[] = [];
  const marks = [...redacted.matchAll(kPlaceholder)];
  let at = 0;
  let from = 0;
  for (const [index, mark] of marks.entries()) {
    const literal = redacted.slice(from, mark.index);
    // A placeholder that was typed by a person is no change.
    const begin = whole.startsWith(literal, at)
      ? at + literal.length
      : whole.indexOf(literal, at) + literal.length;
    const after = mark.index + mark[0].length;
    const next = marks[index + 1];
    const following = redacted.slice(after, next ? next.index : undefined);
    let end =
      following === '' && !next ? whole.length : following === '' ? -1 : whole.indexOf(following, begin);
    if (!next && following !== '' && whole.endsWith(following)) end = whole.length - following.length;
    if (end < begin) end = Math.max(begin, Math.min(whole.length, end === -1 ? whole.length : end));
    const removed = whole.slice(begin, end);
    at = end;
    from = after;
    if (removed === mark[0]) continue;
    out.push({
      kind: mark[1] ?? '',
      before: whole.slice(Math.max(0, begin - kContext), begin),
      removed: cut(removed),
      put: mark[0],
      after: whole.slice(end, end + kContext),
    });
  }
  return out;
}

function walk(whole: unknown, redacted: unknown, where: string, found: (place: Place) => void): void {
  if (typeof whole === 'string' && typeof redacted === 'string') {
    if (whole === redacted) return;
    for (const place of removedFrom(whole, redacted)) found({ where, ...place });
    return;
  }
  if (Array.isArray(whole) && Array.isArray(redacted)) {
    whole.forEach((item, index) => void walk(item, redacted[index], `${where}[${index}]`, found));
    return;
  }
  if (!whole || !redacted || typeof whole !== 'object' || typeof redacted !== 'object') return;
  const other = redacted as Record<string, unknown>;
  for (const [key, value] of Object.entries(whole))
    walk(value, other[key], where ? `${where}.${key}` : key, found);
}

export function nothingRemoved(): Removed {
  return { values: {}, places: {}, total: 0, shown: [] };
}

// Adds what one document lost. `values` are its manifest's counts.
export function addRemoved(
  sum: Removed,
  whole: unknown,
  redacted: unknown,
  values: Record<string, number>,
  name: string,
): void {
  for (const [kind, count] of Object.entries(values)) sum.values[kind] = (sum.values[kind] ?? 0) + count;
  walk(whole, redacted, '', (place) => {
    sum.places[place.kind] = (sum.places[place.kind] ?? 0) + 1;
    sum.total += 1;
    if (sum.shown.length < kMostShown)
      sum.shown.push({ ...place, where: name ? `${name} · ${place.where}` : place.where });
  });
}
