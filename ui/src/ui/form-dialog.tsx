// SPDX-License-Identifier: MIT
// A dialog that is filled in and saved. Enter saves, Ctrl+Enter from a text of several lines; what was refused stays with its reason.
import { type FormEvent, type KeyboardEvent, type ReactNode, useId, useRef } from 'react';
import { t } from '@/i18n';
import { Button } from './button';
import { Dialog } from './dialog';
import { ErrorNote } from './states';

export function FormDialog({
  title,
  description,
  wide,
  verb,
  busy,
  valid = true,
  error,
  failed,
  aside,
  dirty,
  onSave,
  onClose,
  children,
}: {
  title: string;
  description?: string;
  wide?: boolean;
  verb: string;
  busy: boolean;
  valid?: boolean;
  // What went wrong, and the sentence that says what could not be done.
  error?: unknown;
  failed?: string;
  // Stands at the other end from the answers: a reset, a removal.
  aside?: ReactNode;
  // As of a Dialog: what was written would be lost.
  dirty?: boolean;
  onSave: () => void;
  onClose: () => void;
  children: ReactNode;
}) {
  const id = useId();
  const save = useRef<HTMLButtonElement>(null);
  return (
    <Dialog
      open
      onClose={onClose}
      dirty={dirty}
      title={title}
      {...(description ? { description } : {})}
      {...(wide ? { wide } : {})}
      footer={
        <>
          {aside && <span className="mr-auto">{aside}</span>}
          <Button onClick={onClose}>{t('ui.cancel')}</Button>
          <Button ref={save} kind="primary" type="submit" form={id} busy={busy} disabled={!valid}>
            {verb}
          </Button>
        </>
      }
    >
      <form
        id={id}
        className="flex flex-col gap-4"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          onSave();
        }}
        // By way of the button, which knows whether it may.
        onKeyDown={(event: KeyboardEvent) => {
          if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
          event.preventDefault();
          save.current?.click();
        }}
      >
        {children}
        {error ? <ErrorNote error={error} what={failed ?? ''} /> : null}
      </form>
    </Dialog>
  );
}
