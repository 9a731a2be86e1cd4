// SPDX-License-Identifier: MIT
import type { MenuItem } from '@/ui/menu';
import { type Action, isEnabled } from './actions';

// An action as a row of a menu, with its own label and shortcut.
export function menuItem(action: Action, danger = false): MenuItem {
  return {
    label: action.label,
    run: action.run,
    danger,
    writes: action.writes ?? false,
    disabled: !action.writes && !isEnabled(action),
    ...(action.keys?.[0] ? { keys: action.keys[0] } : {}),
  };
}
