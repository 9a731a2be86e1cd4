// SPDX-License-Identifier: MIT
// The turns that matter here: those that run, those that wait for a person, and those that failed in the last day.
import { useQuery } from '@tanstack/react-query';
import { create } from 'zustand';
import { api, type Schemas, take } from '@/api/client';

export { usePending } from '@/api/queries';

export type Listed = Schemas['ListedTurn'];
export type Turn = Schemas['Turn'];

const kDayMs = 86_400_000;
const kMost = 100;
const kDismissed = 'pryx_home_dismissed';

const list = (query: { state: string; after?: string }) =>
  take(api.GET('/api/v1/turns', { params: { query: { limit: kMost, ...query } } }));

export function useOpenTurns() {
  return useQuery({
    queryKey: ['turns', 'open'],
    queryFn: () => list({ state: 'queued,running,waiting' }),
  });
}

// What needs a person stands first, however old it is.
export function useBadTurns() {
  return useQuery({
    queryKey: ['turns', 'bad'],
    queryFn: async () => {
      const after = new Date(Date.now() - kDayMs).toISOString();
      const [unknown, failed] = await Promise.all([
        list({ state: 'needs_attention' }),
        list({ state: 'failed', after }),
      ]);
      return [...unknown.items, ...failed.items];
    },
  });
}

// The list tells no steps; of the few that are shown they are asked for.
export function useWhole(id: string, on = true) {
  return useQuery({
    queryKey: ['turns', id],
    queryFn: () => take(api.GET('/api/v1/turns/{id}', { params: { path: { id } } })),
    enabled: on,
  });
}

// What a person has seen and put away, in this browser.
function stored(): string[] {
  try {
    const value = JSON.parse(localStorage.getItem(kDismissed) ?? '[]');
    return Array.isArray(value) ? value.map(String) : [];
  } catch {
    return [];
  }
}
export const useDismissed = create<{ ids: string[] }>(() => ({ ids: stored() }));
export function dismiss(id: string): void {
  const ids = [id, ...useDismissed.getState().ids].slice(0, 200);
  localStorage.setItem(kDismissed, JSON.stringify(ids));
  useDismissed.setState({ ids });
}
export function undismiss(id: string): void {
  const ids = useDismissed.getState().ids.filter((one) => one !== id);
  localStorage.setItem(kDismissed, JSON.stringify(ids));
  useDismissed.setState({ ids });
}
