// SPDX-License-Identifier: MIT
// Two texts side by side in the editor's own colours. Its code comes only when a difference is looked at.
import { lazy, Suspense } from 'react';
import { Loading } from '@/ui/states';

const MergeEditor = lazy(() => import('./merge-editor'));

export function TextDiff({
  before,
  after,
  onMerge,
}: {
  before: string;
  after: string;
  onMerge?: ((text: string) => void) | undefined;
}) {
  return (
    <Suspense fallback={<Loading rows={6} />}>
      <MergeEditor before={before} after={after} onMerge={onMerge} />
    </Suspense>
  );
}
