// SPDX-License-Identifier: MIT
// The page's filters, from the address to the daemon's query. Pure.
import { t } from '@/i18n';
import { absolute } from '@/lib/format';

export type Search = Record<string, string | undefined>;

export const kFilterNames = [
  'actor',
  'action',
  'object',
  'outcome',
  'since',
  'from',
  'to',
  'session',
  'turn',
] as const;
export const kSince = ['1h', '1d', '7d', '30d'] as const;
const kUnits: Record<string, number> = { h: 3_600_000, d: 86_400_000 };

export const kActors = ['cli', 'web', 'api', 'openai', 'mcp', 'file', 'unix'];
export const kActions = [
  'tool.*',
  'tool.intent',
  'tool.outcome',
  'tool.denied',
  'tool.interrupted',
  'approval.*',
  'policy.*',
  'grant.*',
  'egress.request',
  'login.*',
  'token.*',
  'session.*',
  'workspace.*',
  'process.*',
  'budget.changed',
  'audit.erased',
];

export type AuditQuery = {
  surface?: string;
  action?: string;
  tool?: string;
  success?: boolean;
  after?: string;
  before?: string;
  session?: string;
  turn?: string;
};

const iso = (text: string): string | undefined => {
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
};

// Whole minutes, so that the same view is the same request.
function sinceTime(text: string, now: number): string | undefined {
  const found = /^(\d+)([hd])$/.exec(text);
  if (!found) return undefined;
  const at = now - Number(found[1]) * (kUnits[found[2] ?? ''] ?? 0);
  return new Date(Math.floor(at / 60_000) * 60_000).toISOString();
}

export function auditQuery(search: Search, now = Date.now()): AuditQuery {
  const query: AuditQuery = {};
  if (search.actor) query.surface = search.actor;
  if (search.action) query.action = search.action;
  if (search.object) query.tool = search.object;
  if (search.outcome === 'ok' || search.outcome === 'bad') query.success = search.outcome === 'ok';
  if (search.session) query.session = search.session;
  if (search.turn) query.turn = search.turn;
  const after = search.since ? sinceTime(search.since, now) : search.from && iso(search.from);
  if (after) query.after = after;
  const before = !search.since && search.to && iso(search.to);
  if (before) query.before = before;
  return query;
}

export function countFilters(search: Search): number {
  const range = search.from || search.to ? 1 : 0;
  return kFilterNames.filter((name) => name !== 'from' && name !== 'to' && search[name]).length + range;
}

export const kNoFilters: Search = Object.fromEntries(kFilterNames.map((name) => [name, undefined]));

// A query's filters in words, by the names that the page gives them.
export function filterWords(query: AuditQuery): [name: string, value: string][] {
  const { success, after, before } = query;
  const words: [string, string | undefined][] = [
    ['actor', query.surface],
    ['action', query.action],
    ['object', query.tool],
    ['outcome', success === undefined ? undefined : t(`audit.filter.outcome.${success ? 'ok' : 'bad'}`)],
    ['session', query.session],
    ['turn', query.turn],
    ['from', after && absolute(after)],
    ['to', before && absolute(before)],
  ];
  return words.flatMap(([name, value]) => (value ? [[t(`audit.export.filter.${name}`), value]] : []));
}
