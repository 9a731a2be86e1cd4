// SPDX-License-Identifier: MIT
import type { MenuItem } from '@/ui/menu';
import type { Action } from './actions';

// An action as a row of a menu, with its own label and shortcut.
export function menuItem(action: Action, danger = false): MenuItem {
  return {
    label: action.label,
    run: action.run,
    danger,
    writes: action.writes ?? false,
    disabled: !(action.enabled?.() ?? true),
    ...(action.keys?.[0] ? { keys: action.keys[0] } : {}),
  };
}

// Those of the ids, in their order, and 'line' between them; `danger` is the one that takes something away.
export function menuOf(actions: Action[], ids: string[], danger?: string): MenuItem[] {
  return ids.flatMap((id): MenuItem[] => {
    if (id === 'line') return ['line'];
    const action = actions.find((one) => one.id === id);
    return action ? [menuItem(action, id === danger)] : [];
  });
}
