// SPDX-License-Identifier: MIT
// The question before something of a list is taken away. Its words stand in the page's catalogue under `kind`.
import type { UseMutationResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
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
  onGone = onClose,
  children,
}: {
  kind: string;
  name: string;
  id: string;
  remove: UseMutationResult<unknown, Error, string>;
  onClose: () => void;
  onGone?: () => void;
  // What is taken away, where its name does not say it.
  children?: ReactNode;
}) {
  // The page's one removal may have been of another.
  const isRefused = remove.isError && remove.variables === id;
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
            onGone();
          },
        })
      }
    >
      {children || isRefused ? (
        <div className="flex flex-col gap-3">
          {children}
          {isRefused && <ErrorNote error={remove.error} what={t(`${kind}.rm.failed`)} />}
        </div>
      ) : undefined}
    </Confirm>
  );
}
