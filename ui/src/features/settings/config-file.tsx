// SPDX-License-Identifier: MIT
// The config file as a whole: edited, reviewed as a difference, saved with the hash of what was seen, and undone. What is not saved yet
// stays while other tabs and pages are looked at.
import { useState } from 'react';
import type { Schemas } from '@/api/client';
import { Problem } from '@/api/problem';
import { t } from '@/i18n';
import { useKept } from '@/lib/kept';
import { Diff, type Edited, NewerDialog, NewerNote, useEdited } from '@/parts/newer-text';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { TextArea } from '@/ui/field';
import { ErrorNote, Loaded } from '@/ui/states';
import { toast } from '@/ui/toast';
import { useConfigFile, useSaveConfig } from './queries';

type File = Schemas['ConfigFile'];

// The file on disk is not what counts.
function NotTaken({ file: { problem, in_force } }: { file: File }) {
  if (!problem) return null;
  const { line, message } = problem;
  const reason = line === null ? message : t('config.invalid.line', { line, message });
  return (
    <div role="alert" className="rounded-card border border-bad bg-bad-soft p-3 text-dense">
      <p className="font-medium text-bad">{t('config.invalid')}</p>
      <p className="mt-1 text-text">{reason}</p>
      <p className="mt-1 text-text-2">
        {t(in_force === 'last_good' ? 'config.invalid.last_good' : 'config.invalid.default')}
      </p>
    </div>
  );
}

function Editor({ file, onStale }: { file: File; onStale: () => void }) {
  const { base, text, setText, put, newer } = useEdited(file, useKept<Edited | null>('config.file', null));
  const [looking, setLooking] = useState(false);
  // What the last save replaced, as long as nobody wrote the file since.
  const [before, setBefore] = useState<{ text: string; since: string } | null>(null);
  const save = useSaveConfig();
  const send = (next: string, isUndo: boolean) =>
    save.mutate(
      { text: next, hash: base.hash },
      {
        onSuccess: (now) => {
          setBefore(isUndo ? null : { text: base.text, since: now.hash });
          setText(next);
          setLooking(false);
          toast(t('config.saved'));
        },
        // Somebody else wrote it: theirs is needed to go on.
        onError: (error) => error instanceof Problem && error.status === 409 && onStale(),
      },
    );
  const onPut = (next: string) => {
    save.reset();
    put(next);
    setLooking(next !== newer?.text);
  };
  const isSame = text === base.text;
  const refused = save.isError && <ErrorNote error={save.error} what={t('config.save.failed')} />;
  return (
    <div className="flex max-w-4xl flex-col gap-3">
      <p className="text-dense text-text-2">{t('config.lead')}</p>
      <NotTaken file={file} />
      {newer && <NewerNote onLook={() => setLooking(true)} />}
      <TextArea
        label={t('config.text')}
        hint={file.path}
        rows={20}
        spellCheck={false}
        className="font-mono text-label"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      {!looking && !newer && refused}
      <div className="flex flex-wrap gap-2">
        <Button
          kind="primary"
          disabled={isSame}
          title={isSame ? t('config.same') : ''}
          onClick={() => setLooking(true)}
        >
          {t('config.review')}
        </Button>
        <Button disabled={isSame} onClick={() => put(file.text)}>
          {t('config.discard')}
        </Button>
        {before?.since === base.hash && isSame && (
          <Button busy={save.isPending} onClick={() => send(before.text, true)}>
            {t('config.undo')}
          </Button>
        )}
      </div>
      {looking && newer && (
        <NewerDialog base={base} mine={text} newer={newer} onPut={onPut} onClose={() => setLooking(false)} />
      )}
      {looking && !newer && (
        <Dialog
          open
          wide
          onClose={() => setLooking(false)}
          title={t('config.review.title')}
          footer={
            <Button kind="primary" busy={save.isPending} onClick={() => send(text, false)}>
              {t('config.save')}
            </Button>
          }
        >
          <Diff before={base.text} after={text} />
          {refused}
        </Dialog>
      )}
    </div>
  );
}

export function ConfigFile() {
  const file = useConfigFile();
  return (
    <Loaded query={file} what={t('config.error')}>
      {(data) => <Editor file={data} onStale={() => void file.refetch()} />}
    </Loaded>
  );
}
