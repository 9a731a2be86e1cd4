// SPDX-License-Identifier: MIT
// Which events make which cached answers stale. A query's key begins with the resource's name, so these tables are the whole of it.
import type { Query, QueryClient } from '@tanstack/react-query';
import type { Bus, BusEvent, BusEventOf } from './bus';

const kStaleBy: [prefix: string, keys: string[]][] = [
  ['session.', ['sessions', 'home']],
  ['message.', ['sessions', 'messages']],
  ['turn.delta', []],
  ['turn.', ['turns', 'messages', 'home', 'status', 'sessions']],
  ['step.', ['turns']],
  ['tool.output', []],
  ['tool.', ['turns']],
  ['approval.', ['approvals', 'grants', 'home', 'status']],
  ['trace.', ['traces']],
  ['cost.', ['costs', 'budgets', 'home']],
  ['budget.', ['budgets', 'home']],
  ['policy.', ['policy']],
  ['grant.', ['grants']],
  ['context.', ['context', 'messages']],
  ['process.output', []],
  ['process.', ['processes']],
  ['status.', ['status']],
];

// What was set up is told by its kind. What shows it is asked for after an outage all the same: files that nobody watches, and what
// a vendor says of its models, change without an event.
const kShownBy: Record<BusEventOf<'settings.changed'>['payload']['what'], string[]> = {
  config: ['config', 'settings', 'status', 'models'],
  settings: ['settings', 'status', 'models'],
  providers: ['providers', 'models', 'secrets', 'settings', 'status'],
  models: ['models'],
  agents: ['agents'],
  secrets: ['secrets', 'vault', 'providers'],
  memory: ['memory'],
  skills: ['skills'],
};

// Events come in groups: what became stale is asked for once per group.
const kGroupMs = 120;

export function keysOf(event: string): string[] {
  return kStaleBy.find(([prefix]) => event.startsWith(prefix))?.[1] ?? [];
}

function staleBy(event: BusEvent): string[] {
  // A daemon that is newer than this page may name what the page does not know.
  return event.event === 'settings.changed' ? (kShownBy[event.payload.what] ?? []) : keysOf(event.event);
}

const kTold = new Set(kStaleBy.flatMap(([, keys]) => keys));

// After an outage: what got no answer meanwhile, how the daemon is that came back, and what changes without an event. The rest is
// told by the events that follow.
export function isStaleAfterOutage({ queryKey, state }: Pick<Query, 'queryKey' | 'state'>): boolean {
  const [resource] = queryKey;
  return state.status === 'error' || resource === 'status' || !kTold.has(String(resource));
}

export function resync(bus: Bus, queries: QueryClient): () => void {
  const stale = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    timer = undefined;
    const keys = [...stale];
    stale.clear();
    for (const key of keys) void queries.invalidateQueries({ queryKey: [key] });
  };
  const off = bus.on('*', (event: BusEvent) => {
    for (const key of staleBy(event)) stale.add(key);
    if (stale.size > 0 && timer === undefined) timer = setTimeout(flush, kGroupMs);
  });
  bus.onReset = () => {
    // A transcript is asked for from its end and joined to what is known of it, unless it says that this may have changed
    // (features/chat/queries.ts). It says so before it is asked for.
    queries.setQueriesData(
      { queryKey: ['messages'] },
      (known: object | undefined) => known && { ...known, stale: true },
    );
    void queries.invalidateQueries();
  };
  bus.onBack = () => void queries.invalidateQueries({ predicate: isStaleAfterOutage });
  return () => {
    off();
    clearTimeout(timer);
  };
}
