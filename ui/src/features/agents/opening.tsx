// SPDX-License-Identifier: MIT
// A dialog whose form needs what the daemon has: until that is there it is open all the same, and says what it waits for.
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Dialog } from '@/ui/dialog';
import { Loaded } from '@/ui/states';

export function Opening<T>({
  query,
  title,
  what,
  onClose,
  children,
}: {
  query: UseQueryResult<T>;
  title: string;
  what: string;
  onClose: () => void;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return children(query.data);
  return (
    <Dialog open wide title={title} onClose={onClose}>
      <Loaded query={query} what={what}>
        {() => null}
      </Loaded>
    </Dialog>
  );
}
