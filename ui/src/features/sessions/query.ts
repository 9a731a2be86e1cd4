// SPDX-License-Identifier: MIT
// The query bar's language: words to search for, and filters such as `status:archived agent:ops after:7d cost>0.5`. What the daemon can
// filter by goes to it; the rest is held against each row as pages come. Pure.
import type { Schemas } from '@/api/client';
import { sessionKind } from '@/lib/session-kind';

export type Row = Schemas['SessionHit'];

export type Token = { text: string; key: string; op: ':' | '>' | '<'; value: string; problem: string };
export type ServerQuery = {
  query?: string;
  status?: 'active' | 'archived';
  // How the last turn stands.
  state?: string;
  agent?: string;
  after?: string;
  before?: string;
  sort?: 'newest' | 'relevance';
};
export type SessionQuery = {
  words: string;
  filters: Token[];
  server: ServerQuery;
  // What only this page can tell; null when there is nothing of it.
  local: ((row: Row) => boolean) | null;
  problems: Token[];
};

export const kKeys = [
  'status',
  'agent',
  'after',
  'before',
  'model',
  'surface',
  'title',
  'is',
  'messages',
  'tokens',
  'cost',
  'sort',
] as const;
const kKept = ['active', 'archived'];
const kTurnStates = ['running', 'waiting', 'needs_attention', 'failed', 'cancelled', 'completed', 'queued'];
export const kValues: Record<string, string[]> = {
  status: [...kKept, ...kTurnStates],
  after: ['1d', '7d', '30d'],
  before: ['1d', '7d', '30d'],
  surface: ['cli', 'web', 'api', 'openai', 'tui'],
  is: ['unread', 'child', 'fork'],
  sort: ['newest', 'relevance'],
};
export const kNumeric = new Set(['messages', 'tokens', 'cost']);

const kFilter = /^([a-z]+)(:|>|<)(.*)$/;
const kUnits: Record<string, number> = { h: 3_600_000, d: 86_400_000, w: 604_800_000 };

// 7d, 12h, 2w, or a date. Whole minutes, so that the same query is the same request.
export function timeOf(text: string, now: number): string | null {
  const ago = /^(\d{1,5})([hdw])$/.exec(text);
  if (ago) {
    const at = now - Number(ago[1]) * (kUnits[ago[2] ?? ''] ?? 0);
    return new Date(Math.floor(at / 60_000) * 60_000).toISOString();
  }
  if (!/^\d{4}-\d{2}-\d{2}([T ].*)?$/.test(text)) return null;
  const at = Date.parse(text.length === 10 ? `${text}T00:00:00` : text);
  return Number.isNaN(at) ? null : new Date(at).toISOString();
}

// 0.5, 10k, 2m
export function numberOf(text: string): number | null {
  const found = /^\$?(\d+(?:\.\d+)?)(k|m)?$/i.exec(text);
  if (!found) return null;
  const unit = found[2]?.toLowerCase();
  return Number(found[1]) * (unit === 'k' ? 1e3 : unit === 'm' ? 1e6 : 1);
}

// Words are split by blanks; quotes keep them together, also within a value: agent:"night shift".
export function split(text: string): string[] {
  return text.match(/(?:[^\s"]+|"[^"]*"?)+/g) ?? [];
}

function problemOf(token: Token, now: number): string {
  const { key, op, value } = token;
  if (!(kKeys as readonly string[]).includes(key)) return 'key';
  if (!value) return 'value';
  if (kNumeric.has(key)) return numberOf(value) === null ? 'number' : '';
  if (op !== ':') return 'operator';
  if (key === 'after' || key === 'before') return timeOf(value, now) ? '' : 'time';
  if ((key === 'status' || key === 'is' || key === 'sort') && !kValues[key]?.includes(value)) return 'value';
  return '';
}

function readToken(text: string, now: number): Token | null {
  const found = kFilter.exec(text);
  // An address such as https://… is a word to search for.
  if (!found || found[3]?.startsWith('//')) return null;
  const token: Token = {
    text,
    key: found[1] ?? '',
    op: (found[2] ?? ':') as Token['op'],
    value: (found[3] ?? '').replaceAll('"', ''),
    problem: '',
  };
  token.problem = problemOf(token, now);
  return token;
}

const contains = (text: string | null, part: string) =>
  (text ?? '').toLowerCase().includes(part.toLowerCase());

function compare(token: Token): (value: number) => boolean {
  const limit = numberOf(token.value) ?? 0;
  if (token.op === '>') return (value) => value > limit;
  if (token.op === '<') return (value) => value < limit;
  return (value) => value === limit;
}

function localTest(token: Token): ((row: Row) => boolean) | null {
  const { key, value } = token;
  if (key === 'model') return (row) => contains(row.model, value);
  if (key === 'surface') return (row) => contains(row.surface, value);
  if (key === 'title') return (row) => contains(row.title, value);
  if (key === 'is')
    return (row) =>
      value === 'unread' ? row.unread : sessionKind(row) === (value === 'child' ? 'sub-agent' : 'fork');
  if (!kNumeric.has(key)) return null;
  const fits = compare(token);
  if (key === 'messages') return (row) => fits(row.message_count);
  if (key === 'tokens') return (row) => fits(row.input_tokens + row.output_tokens);
  return (row) => fits(Number(row.cost?.amount ?? 0));
}

export function parseQuery(text: string, now = Date.now()): SessionQuery {
  const words: string[] = [];
  const filters: Token[] = [];
  for (const part of split(text)) {
    const token = readToken(part, now);
    if (token) filters.push(token);
    else words.push(part);
  }
  const good = filters.filter((token) => !token.problem);
  const server: ServerQuery = {};
  for (const { key, value } of good) {
    if (key === 'status' && kKept.includes(value)) server.status = value as 'active' | 'archived';
    else if (key === 'status') server.state = value;
    if (key === 'agent') server.agent = value;
    if (key === 'after') server.after = timeOf(value, now) ?? undefined;
    if (key === 'before') server.before = timeOf(value, now) ?? undefined;
    if (key === 'sort') server.sort = value as 'newest' | 'relevance';
  }
  if (words.length > 0) server.query = words.join(' ');
  else delete server.sort;
  const tests = good.map(localTest).filter((test) => test !== null);
  return {
    words: words.join(' '),
    filters,
    server,
    local: tests.length > 0 ? (row) => tests.every((test) => test(row)) : null,
    problems: filters.filter((token) => token.problem),
  };
}

// The text without one of its filters.
export function without(text: string, token: Token): string {
  const parts = split(text);
  const at = parts.indexOf(token.text);
  return parts.filter((_, index) => index !== at).join(' ');
}

// What could come next at the end of what was typed: whole replacements of the last part.
export function suggest(text: string, agents: string[]): string[] {
  if (text.endsWith(' ') || text === '')
    return kKeys.map((key) => (kNumeric.has(key) ? `${key}>` : `${key}:`));
  const last = split(text).at(-1) ?? '';
  const found = kFilter.exec(last);
  if (!found) {
    return kKeys
      .filter((key) => key.startsWith(last.toLowerCase()))
      .map((key) => (kNumeric.has(key) ? `${key}>` : `${key}:`));
  }
  const values = found[1] === 'agent' ? agents : (kValues[found[1] ?? ''] ?? []);
  const begun = found[3] ?? '';
  return values
    .filter((value) => value.startsWith(begun) && value !== begun)
    .map((value) => `${found[1]}${found[2]}${/\s/.test(value) ? `"${value}"` : value}`);
}

export function complete(text: string, suggestion: string): string {
  const parts = text.endsWith(' ') || text === '' ? split(text) : split(text).slice(0, -1);
  const whole = [...parts, suggestion].join(' ');
  return /[:><]$/.test(suggestion) ? whole : `${whole} `;
}
