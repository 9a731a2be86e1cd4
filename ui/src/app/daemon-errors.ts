// SPDX-License-Identifier: MIT
// What the daemon says that a person should look at, outside of a turn: most often a file that was written by hand and is not valid, so
// that the values before it go on counting. It is told on every page, and what shows that file is asked for again.
import { useQueryClient } from '@tanstack/react-query';
import { useBusEvent } from '@/bus/use-bus-event';
import { t } from '@/i18n';
import { tellFailure } from '@/ui/failures';

const kShownBy: Record<string, string[]> = {
  config: ['config', 'settings'],
  agents: ['agents'],
  models: ['models'],
};

export function useDaemonErrors(): void {
  const queries = useQueryClient();
  useBusEvent('error.occurred', ({ payload }) => {
    const { area, path, detail } = payload;
    const what = path ? t('daemon.error.file', { path }) : t('daemon.error', { area });
    const next = payload.try ? `\n${t('daemon.error.try', { command: payload.try })}` : '';
    tellFailure({ what, error: new Error(detail + next) });
    for (const key of kShownBy[area] ?? []) void queries.invalidateQueries({ queryKey: [key] });
  });
}
