// SPDX-License-Identifier: MIT
// The panic button: everything that runs is stopped, at once.
import { useMutation } from '@tanstack/react-query';
import type { Schemas } from '@/api/client';
import { bus } from '@/bus/bus';
import { t } from '@/i18n';
import { Confirm } from '@/ui/dialog';
import { ErrorNote } from '@/ui/states';
import { toast } from '@/ui/toast';

export default function StopDialog({ onClose }: { onClose: () => void }) {
  const stop = useMutation({
    mutationFn: async () => (await bus.request('stop', { all: true })) as Schemas['StopReport'],
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
      title={t('shell.stop.title')}
      effect={t('shell.stop.effect')}
      verb={t('shell.stop')}
    >
      {stop.isError ? <ErrorNote error={stop.error} what={t('shell.stop.failed')} /> : undefined}
    </Confirm>
  );
}
