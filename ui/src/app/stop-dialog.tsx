// SPDX-License-Identifier: MIT
// The panic button: everything that runs is stopped, at once.
import { useMutation } from '@tanstack/react-query';
import { api, type Schemas, take } from '@/api/client';
import { bus } from '@/bus/bus';
import { t } from '@/i18n';
import { Confirm } from '@/ui/dialog';
import { ErrorNote } from '@/ui/states';
import { toast } from '@/ui/toast';

// The daemon answers within a second, so after this the line is taken for dead.
const kLimitMs = 3000;
const kHttpLimitMs = 10_000;

// By the open line, which no other request can hold up; when that is away or dead, by one of its own. Twice is as good as once.
async function stopEverything(): Promise<Schemas['StopReport']> {
  try {
    return (await bus.request('stop', { all: true }, kLimitMs)) as Schemas['StopReport'];
  } catch {
    return take(api.POST('/api/v1/stop', { body: { all: true }, signal: AbortSignal.timeout(kHttpLimitMs) }));
  }
}

export default function StopDialog({ onClose }: { onClose: () => void }) {
  const stop = useMutation({
    mutationFn: stopEverything,
    onSuccess: (report) => {
      const stopped = report.turn_count + report.processes.length;
      toast(stopped > 0 ? t('shell.stop.done', { count: stopped }) : t('shell.stop.none'));
      onClose();
    },
  });
  return (
    <Confirm
      open
      onClose={onClose}
      onConfirm={() => stop.mutate()}
      busy={stop.isPending}
      offline
      title={t('shell.stop.title')}
      effect={t('shell.stop.effect')}
      verb={t('shell.stop')}
    >
      {stop.isError ? <ErrorNote error={stop.error} what={t('shell.stop.failed')} /> : undefined}
    </Confirm>
  );
}
