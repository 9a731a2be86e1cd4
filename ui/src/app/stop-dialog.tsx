// SPDX-License-Identifier: MIT
// The panic button: everything that runs is stopped, at once.
import { useMutation } from '@tanstack/react-query';
import { bus } from '@/bus/bus';
import { t } from '@/i18n';
import { Confirm } from '@/ui/dialog';
import { ErrorNote } from '@/ui/states';
import { toast } from '@/ui/toast';

export default function StopDialog({ onClose }: { onClose: () => void }) {
  const stop = useMutation({
    mutationFn: () => bus.request('stop', { all: true }),
    onSuccess: () => {
      toast(t('shell.stop.done'));
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
      {stop.isError ? (
        <ErrorNote error={stop.error} what={t('shell.stop.failed', { error: '' })} />
      ) : undefined}
    </Confirm>
  );
}
