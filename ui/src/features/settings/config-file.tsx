// SPDX-License-Identifier: MIT
// The config file as a whole: edited, reviewed as a difference, saved with the hash of what was seen, and undone.
import { useState } from 'react';
import type { Schemas } from '@/api/client';
import { t } from '@/i18n';
import { cx } from '@/lib/cx';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { TextArea } from '@/ui/field';
import { ErrorNote, Loaded } from '@/ui/states';
import { toast } from '@/ui/toast';
import { lineDiff } from './line-diff';
import { useConfigFile, useSaveConfig } from './queries';

const kTones = { ' ': '', '-': 'bg-bad-soft text-bad', '+': 'bg-ok-soft text-ok' };

function Diff({ before, after }: { before: string; after: string }) {
  return (
    <pre className="overflow-x-auto rounded-card border border-line font-mono text-label">
      {lineDiff(before, after).map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other name
        <div key={index} className={cx('px-2', kTones[line.kind])}>
          {line.kind} {line.text}
        </div>
      ))}
    </pre>
  );
}

function Editor({ file }: { file: Schemas['TextFile'] }) {
  const [text, setText] = useState(file.text);
  const [reviewing, setReviewing] = useState(false);
  const [before, setBefore] = useState<string | null>(null);
  const save = useSaveConfig();
  const send = (next: string, undoTo: string | null) =>
    save.mutate(
      { text: next, hash: file.hash },
      {
        onSuccess: () => {
          setBefore(undoTo);
          setText(next);
          setReviewing(false);
          toast(t('config.saved'));
        },
      },
    );
  const same = text === file.text;
  return (
    <div className="flex max-w-4xl flex-col gap-3">
      <p className="text-dense text-text-2">{t('config.lead')}</p>
      <TextArea
        label={t('config.text')}
        hint={file.path}
        rows={20}
        spellCheck={false}
        className="font-mono text-label"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      {save.isError && !reviewing && <ErrorNote error={save.error} what={t('config.save.failed')} />}
      <div className="flex flex-wrap gap-2">
        <Button
          kind="primary"
          disabled={same}
          title={same ? t('config.same') : ''}
          onClick={() => setReviewing(true)}
        >
          {t('config.review')}
        </Button>
        <Button disabled={same} onClick={() => setText(file.text)}>
          {t('config.discard')}
        </Button>
        {before !== null && (
          <Button busy={save.isPending} onClick={() => send(before, null)}>
            {t('config.undo')}
          </Button>
        )}
      </div>
      {reviewing && (
        <Dialog
          open
          wide
          onClose={() => setReviewing(false)}
          title={t('config.review.title')}
          footer={
            <Button kind="primary" busy={save.isPending} onClick={() => send(text, file.text)}>
              {t('config.save')}
            </Button>
          }
        >
          <Diff before={file.text} after={text} />
          {save.isError && <ErrorNote error={save.error} what={t('config.save.failed')} />}
        </Dialog>
      )}
    </div>
  );
}

export function ConfigFile() {
  const file = useConfigFile();
  return (
    <Loaded query={file} what={t('config.error')}>
      {(data) => <Editor file={data} />}
    </Loaded>
  );
}
