// SPDX-License-Identifier: MIT
// The config file as a whole: edited, reviewed as a difference, saved with the hash of what was seen, and undone. What somebody
// else wrote meanwhile is shown beside it; the person's text stays until they let it go.
import { useMemo, useState } from 'react';
import type { Schemas } from '@/api/client';
import { Problem } from '@/api/problem';
import { t } from '@/i18n';
import { cx } from '@/lib/cx';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { TextArea } from '@/ui/field';
import { ErrorNote, Loaded } from '@/ui/states';
import { toast } from '@/ui/toast';
import { lineDiff, mergeLines } from './line-diff';
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

type File = Schemas['TextFile'];

// A person's text and the file that it began from. `newer`: the file was written by somebody else since.
function useEdited(file: File) {
  const [base, setBase] = useState(file);
  const [text, setText] = useState(file.text);
  const isNewer = file.hash !== base.hash;
  const put = (next: string) => {
    setBase(file);
    setText(next);
  };
  // Nothing of this person's would be lost.
  if (isNewer && (text === base.text || text === file.text)) put(file.text);
  return { base, text, setText, put, newer: isNewer ? file : null };
}

// What each side changed, and the ways on: nothing is sent before the person has seen what would be saved.
function Both({ base, mine, theirs }: { base: File; mine: string; theirs: string }) {
  return (
    <div className="flex flex-col gap-4">
      <section className="flex flex-col gap-1">
        <h3 className="text-dense font-medium">{t('config.newer.theirs')}</h3>
        <Diff before={base.text} after={theirs} />
      </section>
      <section className="flex flex-col gap-1">
        <h3 className="text-dense font-medium">{t('config.newer.mine')}</h3>
        <Diff before={base.text} after={mine} />
      </section>
    </div>
  );
}

function NewerDialog({
  base,
  mine,
  newer,
  onPut,
  onClose,
}: {
  base: File;
  mine: string;
  newer: File;
  onPut: (text: string) => void;
  onClose: () => void;
}) {
  const both = useMemo(() => mergeLines(base.text, mine, newer.text), [base, mine, newer]);
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={t('config.newer.title')}
      description={t(both === null ? 'config.newer.overlap' : 'config.newer.why')}
      footer={
        <>
          <Button onClick={() => onPut(newer.text)}>{t('config.newer.drop')}</Button>
          <Button kind={both === null ? 'primary' : 'plain'} onClick={() => onPut(mine)}>
            {t('config.newer.keep')}
          </Button>
          {both !== null && (
            <Button kind="primary" onClick={() => onPut(both)}>
              {t('config.newer.merge')}
            </Button>
          )}
        </>
      }
    >
      <Both base={base} mine={mine} theirs={newer.text} />
    </Dialog>
  );
}

function Editor({ file, onStale }: { file: File; onStale: () => void }) {
  const { base, text, setText, put, newer } = useEdited(file);
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
      {newer && (
        <div
          role="status"
          className="flex flex-wrap items-center gap-3 rounded-card border border-warn bg-warn-soft px-3 py-1.5 text-dense text-warn"
        >
          <span className="min-w-0 flex-1">{t('config.newer')}</span>
          <Button small onClick={() => setLooking(true)}>
            {t('config.newer.look')}
          </Button>
        </div>
      )}
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
