// SPDX-License-Identifier: MIT
// Dialog and drawer. Focus goes in, stays in, and returns to the opener; Escape closes, and asks first where it would drop a text.
import { X } from 'lucide-react';
import { Dialog as Radix } from 'radix-ui';
import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { t } from '@/i18n';
import { cx } from '@/lib/cx';
import { Button, IconButton } from './button';

// What the dialog did may have put the focus into the page already: then it stays there instead of going back to the opener.
function leaveFocus(event: Event): void {
  if (document.activeElement?.closest('main')) event.preventDefault();
}

// What is open inside closes first, where it says so: it takes the key itself.
function leaveEscape(event: KeyboardEvent): void {
  if (event.target instanceof Element && event.target.closest('[data-takes-escape]')) event.preventDefault();
}

type Props = {
  open: boolean;
  onClose: () => void;
  title: string;
  // One sentence; hidden when it only repeats what is seen.
  description?: string;
  side?: 'centre' | 'right';
  wide?: boolean;
  // It holds what a person wrote and did not save: Escape, a press beside it and its cross ask before they close it.
  dirty?: boolean;
  children: ReactNode;
  footer?: ReactNode;
};

// A form is opened to be filled in: its first field has the focus, before the button that closes it.
function focusFirstField(event: Event): void {
  const field = (event.currentTarget as HTMLElement).querySelector<HTMLElement>(
    '[data-autofocus], [cmdk-input], form :is(input, select, textarea):not(:disabled, [type=file])',
  );
  if (!field) return;
  event.preventDefault();
  field.focus();
}

const kFocusable = 'a[href], button:not(:disabled), input, select, textarea, summary, [tabindex]';

// Words alone that are longer than the window can be scrolled by keys too: then the body itself takes the focus.
function Body({ label, children }: { label: string; children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  const [isReached, setReached] = useState(false);
  useLayoutEffect(() => {
    const body = box.current;
    if (!body || typeof ResizeObserver === 'undefined') return;
    const look = () =>
      setReached(body.scrollHeight > body.clientHeight + 1 && !body.querySelector(kFocusable));
    look();
    const observer = new ResizeObserver(look);
    for (const one of [body, ...body.children]) observer.observe(one);
    return () => observer.disconnect();
  });
  return (
    <div
      ref={box}
      {...(isReached ? { tabIndex: 0, role: 'region', 'aria-label': label } : {})}
      className="min-h-0 flex-1 overflow-y-auto p-4"
    >
      {children}
    </div>
  );
}

// Closing by a key or a press that may be a slip. `data-unsaved` marks a field whose text is not in what `dirty` looks at yet.
function useLeaving(dirty: boolean | undefined, onClose: () => void) {
  const [isAsking, setAsking] = useState(false);
  const content = useRef<HTMLDivElement>(null);
  const writing = useRef<Element | null>(null);
  const stay = () => {
    setAsking(false);
    if (writing.current instanceof HTMLElement) writing.current.focus();
  };
  const leave = () => {
    if (isAsking) return stay();
    if (!dirty && !content.current?.querySelector('[data-unsaved]')) return onClose();
    writing.current = document.activeElement;
    setAsking(true);
  };
  const drop = () => {
    setAsking(false);
    onClose();
  };
  return { isAsking, content, stay, leave, drop };
}

function Unsaved({ onStay, onDrop }: { onStay: () => void; onDrop: () => void }) {
  const stay = useRef<HTMLButtonElement>(null);
  useEffect(() => stay.current?.focus(), []);
  return (
    <div
      role="alert"
      className="flex flex-wrap items-center gap-2 border-t border-warn bg-warn-soft px-4 py-2 text-dense text-warn"
    >
      <span className="min-w-0 flex-1 basis-40">{t('ui.unsaved')}</span>
      <Button small ref={stay} onClick={onStay}>
        {t('ui.unsaved.stay')}
      </Button>
      <Button small kind="danger" onClick={onDrop}>
        {t('ui.unsaved.drop')}
      </Button>
    </div>
  );
}

export function Dialog({
  open,
  onClose,
  title,
  description,
  side = 'centre',
  wide,
  dirty,
  children,
  footer,
}: Props) {
  const { isAsking, content, stay, leave, drop } = useLeaving(dirty, onClose);
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && leave()}>
      <Radix.Portal>
        <Radix.Overlay className="appear fixed inset-0 z-40 bg-black/45" />
        <Radix.Content
          ref={content}
          {...(description ? {} : { 'aria-describedby': undefined })}
          onOpenAutoFocus={focusFirstField}
          onCloseAutoFocus={leaveFocus}
          onEscapeKeyDown={leaveEscape}
          className={cx(
            'appear fixed z-50 flex flex-col bg-raised shadow-float',
            side === 'right'
              ? 'inset-y-0 right-0 w-[min(560px,100vw)] border-l border-line'
              : 'top-1/2 left-1/2 max-h-[min(92vh,900px)] -translate-x-1/2 -translate-y-1/2 rounded-dialog border border-line',
            side === 'centre' &&
              (wide ? 'w-[min(960px,calc(100vw-16px))]' : 'w-[min(560px,calc(100vw-16px))]'),
          )}
        >
          <header className="flex items-start gap-3 border-b border-line px-4 py-3">
            <div className="min-w-0 flex-1">
              <Radix.Title className="text-h3 font-semibold">{title}</Radix.Title>
              {description && (
                <Radix.Description className="text-dense text-text-2">{description}</Radix.Description>
              )}
            </div>
            <Radix.Close asChild>
              <IconButton icon={X} label={t('ui.close')} />
            </Radix.Close>
          </header>
          <Body label={title}>{children}</Body>
          {isAsking && <Unsaved onStay={stay} onDrop={drop} />}
          {footer && (
            <footer className="flex flex-wrap justify-end gap-2 border-t border-line px-4 py-3">
              {footer}
            </footer>
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

// Names the object and the effect; `typed` asks for its name to be written.
export function Confirm({
  open,
  onClose,
  onConfirm,
  title,
  effect,
  verb,
  busy,
  offline,
  children,
}: {
  open: boolean;
  onClose: () => void;
  onConfirm: () => void;
  title: string;
  effect: string;
  verb: string;
  busy?: boolean;
  // As of a Button: it is worth a try while the daemon seems to be away.
  offline?: boolean;
  children?: ReactNode;
}) {
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={title}
      description={effect}
      footer={
        <>
          <Button onClick={onClose}>{t('ui.keep')}</Button>
          <Button kind="danger" busy={busy ?? false} offline={offline ?? false} onClick={onConfirm}>
            {verb}
          </Button>
        </>
      }
    >
      {children ?? <p className="text-dense text-text-2">{t('ui.confirm.hint')}</p>}
    </Dialog>
  );
}
