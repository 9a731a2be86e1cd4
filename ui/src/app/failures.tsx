// SPDX-License-Identifier: MIT

import { dismissFailure, useFailures } from '@/ui/failures';
import { ErrorNote } from '@/ui/states';

export function Failures() {
  const failures = useFailures((state) => state.failures);
  if (failures.length === 0) return null;
  return (
    <div className="flex max-h-[40dvh] flex-col gap-2 overflow-y-auto border-b border-line px-4 py-2">
      {failures.map(({ what, error, retry }) => (
        <ErrorNote
          key={what}
          error={error}
          what={what}
          {...(retry ? { retry } : {})}
          onDismiss={() => dismissFailure(what)}
        />
      ))}
    </div>
  );
}
