// SPDX-License-Identifier: MIT
// Somebody else wrote the file since it was read: both texts are shown, and a person says which one counts.
import { useEffect } from 'react';
import { t } from '@/i18n';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { Loading } from '@/ui/states';
import { TextDiff } from './text-diff';
import { dropDraft, useDraft, type Working } from './working';

export function Conflict({ working }: { working: Working }) {
  const conflict = useDraft((state) => state.conflict);
  const { refetch, isFetching } = working.policy;
  const open = conflict !== null;
  useEffect(() => {
    if (open) void refetch();
  }, [open, refetch]);
  if (!conflict || !working.file) return null;
  const { file } = working;
  // What was merged so far is the draft, against the file as it is by now.
  const keep = () => useDraft.setState({ draft: { text: conflict.mine, base: file.hash }, conflict: null });
  return (
    <Dialog
      open
      wide
      onClose={keep}
      title={t('conflict.title')}
      description={t('conflict.why')}
      footer={
        <>
          <Button onClick={keep}>{t('conflict.edit')}</Button>
          <Button onClick={dropDraft}>{t('conflict.theirs')}</Button>
          <Button
            kind="danger"
            disabled={isFetching}
            onClick={() => {
              useDraft.setState({ draft: { text: conflict.mine, base: file.hash }, conflict: null });
              void working.write(conflict.mine, t('source.saved'), { base: file.hash });
            }}
          >
            {t('conflict.mine')}
          </Button>
        </>
      }
    >
      {isFetching ? (
        <Loading />
      ) : (
        <TextDiff
          before={file.text}
          after={conflict.mine}
          onMerge={(mine) => useDraft.setState({ conflict: { mine } })}
        />
      )}
    </Dialog>
  );
}
