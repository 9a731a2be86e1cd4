// SPDX-License-Identifier: MIT
// A file that is edited as a text while others may write it too. What somebody else wrote meanwhile is shown beside it; the person's
// text stays until they let it go.
import { useEffect, useMemo } from 'react';
import { addMessages, t } from '@/i18n';
import { cx } from '@/lib/cx';
import { lineDiff, mergeLines } from '@/lib/line-diff';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { newerMessages } from './newer-messages';

addMessages(newerMessages);

// The hash names what is in the file.
export type Version = { text: string; hash: string };

// What a person typed, and the file that it began from.
export type Edited = { base: Version; text: string };
type Held = readonly [Edited | null, (next: Edited | null) => void];

// `newer`: the file was written by somebody else since. Where the text is held says how long it stays: with `useState` as long as the
// field, with `useKept` while other pages are looked at too.
export function useEdited(file: Version, [edited, setEdited]: Held) {
  // Nothing of this person's would be lost: they go on from the file as it is.
  const isSettled = edited !== null && (edited.text === edited.base.text || edited.text === file.text);
  useEffect(() => {
    if (isSettled) setEdited(null);
  }, [isSettled, setEdited]);
  const { base, text } = edited === null || isSettled ? { base: file, text: file.text } : edited;
  return {
    base,
    text,
    setText: (next: string) => setEdited({ base, text: next }),
    put: (next: string) => setEdited({ base: file, text: next }),
    newer: file.hash !== base.hash ? file : null,
  };
}

const kTones = { ' ': '', '-': 'bg-bad-soft text-bad', '+': 'bg-ok-soft text-ok' };

export function Diff({ before, after }: { before: string; after: string }) {
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

export function NewerNote({ onLook }: { onLook: () => void }) {
  return (
    <div
      role="status"
      className="flex flex-wrap items-center gap-3 rounded-card border border-warn bg-warn-soft px-3 py-1.5 text-dense text-warn"
    >
      <span className="min-w-0 flex-1">{t('newer.told')}</span>
      <Button small onClick={onLook}>
        {t('newer.look')}
      </Button>
    </div>
  );
}

// What each side changed, and the ways on: nothing is sent before the person has seen what would be saved.
export function NewerDialog({
  base,
  mine,
  newer,
  onPut,
  onClose,
}: {
  base: Version;
  mine: string;
  newer: Version;
  onPut: (text: string) => void;
  onClose: () => void;
}) {
  const both = useMemo(() => mergeLines(base.text, mine, newer.text), [base.text, mine, newer.text]);
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={t('newer.title')}
      description={t(both === null ? 'newer.overlap' : 'newer.why')}
      footer={
        <>
          <Button onClick={() => onPut(newer.text)}>{t('newer.drop')}</Button>
          <Button kind={both === null ? 'primary' : 'plain'} onClick={() => onPut(mine)}>
            {t('newer.keep')}
          </Button>
          {both !== null && (
            <Button kind="primary" onClick={() => onPut(both)}>
              {t('newer.merge')}
            </Button>
          )}
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <section className="flex flex-col gap-1">
          <h3 className="text-dense font-medium">{t('newer.theirs')}</h3>
          <Diff before={base.text} after={newer.text} />
        </section>
        <section className="flex flex-col gap-1">
          <h3 className="text-dense font-medium">{t('newer.mine')}</h3>
          <Diff before={base.text} after={mine} />
        </section>
      </div>
    </Dialog>
  );
}
