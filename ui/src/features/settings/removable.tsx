// SPDX-License-Identifier: MIT
// The question before something of a list is taken away: workspaces, secrets and tokens ask it alike.
import type { UseMutationResult } from '@tanstack/react-query';
import { t } from '@/i18n';
import { Confirm } from '@/ui/dialog';
import { ErrorNote } from '@/ui/states';
import { toast } from '@/ui/toast';

export function RemoveDialog({
  kind,
  name,
  id,
  remove,
  onClose,
}: {
  kind: 'workspaces' | 'secrets' | 'tokens';
  name: string;
  id: string;
  remove: UseMutationResult<unknown, Error, string>;
  onClose: () => void;
}) {
  return (
    <Confirm
      open
      onClose={onClose}
      busy={remove.isPending}
      title={t(`${kind}.rm.title`, { name })}
      effect={t(`${kind}.rm.effect`)}
      verb={t(`${kind}.rm`)}
      onConfirm={() =>
        remove.mutate(id, {
          onSuccess: () => {
            toast(t(`${kind}.removed`, { name }));
            onClose();
          },
        })
      }
    >
      {remove.isError ? <ErrorNote error={remove.error} what={t(`${kind}.rm.failed`)} /> : undefined}
    </Confirm>
  );
}
