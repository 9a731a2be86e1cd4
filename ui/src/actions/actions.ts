// SPDX-License-Identifier: MIT
// One object per command. Menu, palette, button tooltip and shortcut all read it; nothing exists in only one of them.
// Global actions are added at start; a page adds its own while it is open (useActions).
import { useEffect } from 'react';
import { create } from 'zustand';
import { useReach } from '@/lib/reach';

export type Action = {
  id: string;
  // Catalogue text, already translated.
  label: string;
  // The palette's heading: 'Go to', 'This page', 'Everywhere'.
  group: string;
  // 'g s' is a sequence, 'mod+k' a chord (Ctrl or Command), 'j' a single key that never fires in a field.
  keys?: string[];
  icon?: React.ComponentType<{ size?: number; 'aria-hidden'?: boolean }>;
  // More words that the palette finds it by.
  words?: string;
  enabled?: () => boolean;
  // It changes something, so it needs the daemon.
  writes?: boolean;
  run: () => void;
};

type Registry = {
  actions: Map<string, Action>;
  add: (actions: Action[]) => () => void;
};

export const useActionRegistry = create<Registry>((set) => ({
  actions: new Map(),
  add: (added) => {
    set((state) => {
      const actions = new Map(state.actions);
      for (const action of added) actions.set(action.id, action);
      return { actions };
    });
    return () =>
      set((state) => {
        const actions = new Map(state.actions);
        for (const action of added) if (actions.get(action.id) === action) actions.delete(action.id);
        return { actions };
      });
  },
}));

// The page's own actions, while it is open. Give a memoised list.
export function useActions(actions: Action[]): void {
  const add = useActionRegistry((state) => state.add);
  useEffect(() => add(actions), [actions, add]);
}

export function isEnabled(action: Action): boolean {
  return !(action.writes && useReach.getState().away) && (action.enabled?.() ?? true);
}
