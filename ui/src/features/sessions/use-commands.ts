// SPDX-License-Identifier: MIT
// What can be done with a session or a selection of them, once for menu, keys and palette.
import { useNavigate } from '@tanstack/react-router';
import { useCallback, useState } from 'react';
import type { Action } from '@/actions/actions';
import { useStateActions } from '@/actions/state-actions';
import { api, take } from '@/api/client';
import { t } from '@/i18n';
import { toast } from '@/ui/toast';
import type { Open } from './dialogs';
import type { Row } from './query';
import { kFieldName } from './query-bar';

export function useRowCommands() {
  const navigate = useNavigate();
  // What the last command was refused with; the page shows it.
  const [refused, setRefused] = useState<{ what: string; error: unknown } | null>(null);
  const forget = useCallback(() => setRefused(null), []);
  const open = useCallback(
    (row: Row) => void navigate({ to: '/chat/$session', params: { session: row.id } }),
    [navigate],
  );
  const fork = useCallback(
    async (row: Row, message?: string) => {
      setRefused(null);
      try {
        const made = await take(
          api.POST('/api/v1/sessions/{id}/fork', {
            params: { path: { id: row.id } },
            body: message ? { message_id: message } : {},
          }),
        );
        toast(t('sessions.forked', { title: made.title || made.id }));
        void navigate({ to: '/chat/$session', params: { session: made.id } });
      } catch (error) {
        setRefused({ what: t('sessions.fork.failed'), error });
      }
    },
    [navigate],
  );
  const trace = useCallback(
    (row: Row) => {
      if (row.last_turn_id) void navigate({ to: '/trace/$turn', params: { turn: row.last_turn_id } });
      else toast(t('sessions.trace.none'));
    },
    [navigate],
  );
  return { open, fork, trace, refused, forget };
}

type State = {
  // What an action without a row of its own is about: the selection, else the row in focus.
  targets: Row[];
  focusedRow: Row | undefined;
  selected: number;
  setOpen: (open: Open) => void;
  archive: (rows: Row[]) => void;
  step: (by: 1 | -1) => void;
  togglePeek: () => void;
  selectAll: () => void;
  clear: () => void;
  commands: ReturnType<typeof useRowCommands>;
};

export function useSessionActions(state: State): Action[] {
  const navigate = useNavigate();
  return useStateActions('sessions', state, (one) => {
    const some = (s: State) => s.targets.length > 0;
    const isBack = (s: State) => s.targets.every((one) => one.status === 'archived');
    const row = (s: State) => s.focusedRow !== undefined;
    return [
      one('focus', 'sessions.query.focus', ['/'], () =>
        document.querySelector<HTMLInputElement>(`input[name=${kFieldName}]`)?.focus(),
      ),
      one('new', 'sessions.new', ['n'], () => navigate({ to: '/chat' })),
      one('import', 'sessions.import', ['shift+i'], (s) => s.setOpen({ what: 'import' })),
      one(
        'rename',
        'sessions.rename',
        ['e'],
        (s) => s.focusedRow && s.setOpen({ what: 'rename', row: s.focusedRow }),
        row,
      ),
      one(
        'archive',
        'sessions.archive',
        ['shift+a'],
        (s) => s.archive(s.targets),
        (s) => some(s) && !isBack(s),
        true,
      ),
      one(
        'unarchive',
        'sessions.unarchive',
        ['shift+a'],
        (s) => s.archive(s.targets),
        (s) => some(s) && isBack(s),
        true,
      ),
      one(
        'delete',
        'sessions.delete',
        ['delete', '#'],
        (s) => s.setOpen({ what: 'delete', rows: s.targets }),
        some,
      ),
      one(
        'export',
        'sessions.export',
        ['shift+d'],
        (s) => s.setOpen({ what: 'export', rows: s.targets }),
        some,
      ),
      one(
        'fork',
        'sessions.fork',
        ['shift+f'],
        (s) => s.focusedRow && s.commands.fork(s.focusedRow),
        row,
        true,
      ),
      one('trace', 'sessions.trace', ['shift+t'], (s) => s.focusedRow && s.commands.trace(s.focusedRow), row),
      one('peek', 'sessions.peek', ['\\'], (s) => s.togglePeek(), row),
      one('next', 'sessions.peek.next', [']'], (s) => s.step(1), row),
      one('previous', 'sessions.peek.previous', ['['], (s) => s.step(-1), row),
      one('all', 'sessions.select.bar', ['mod+a'], (s) => s.selectAll()),
      one(
        'none',
        'sessions.select.none',
        ['escape'],
        (s) => s.clear(),
        (s) => s.selected > 0,
      ),
    ];
  });
}
