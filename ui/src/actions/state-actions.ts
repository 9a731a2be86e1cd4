// SPDX-License-Identifier: MIT
// A page's commands, which read its latest state: the list of them is made once and stays the same. Its menus take them from there.
import { useMemo, useRef } from 'react';
import { t } from '@/i18n';
import { type Action, useActions } from './actions';

export type MakeAction<State> = (
  id: string,
  // Of the catalogue.
  label: string,
  keys: string[],
  run: (state: State) => unknown,
  enabled?: (state: State) => boolean,
  writes?: boolean,
) => Action;

export function useStateActions<State>(
  prefix: string,
  state: State,
  list: (one: MakeAction<State>) => Action[],
): Action[] {
  const latest = useRef(state);
  latest.current = state;
  // biome-ignore lint/correctness/useExhaustiveDependencies: `list` is read once; what changes comes to its commands as state
  const actions = useMemo(
    () =>
      list((id, label, keys, run, enabled, writes = false) => ({
        id: `${prefix}.${id}`,
        label: t(label),
        group: t('palette.here'),
        keys,
        writes,
        enabled: () => enabled?.(latest.current) ?? true,
        run: () => void run(latest.current),
      })),
    [prefix],
  );
  useActions(actions);
  return actions;
}
