// SPDX-License-Identifier: MIT
import {
  type InputHTMLAttributes,
  type ReactNode,
  type Ref,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
} from 'react';
import { useActions } from '@/actions/actions';
import { t } from '@/i18n';
import { cx } from '@/lib/cx';

const kBox =
  'w-full rounded-control border border-control bg-surface px-2 text-dense text-text placeholder:text-text-3 disabled:opacity-60';

type Frame = { label: string; hint?: ReactNode; error?: string | undefined; hideLabel?: boolean | undefined };

// A label, the control, a hint and its error, tied together.
export function Field({
  label,
  hint,
  error,
  hideLabel,
  children,
}: Frame & {
  children: (ids: {
    id: string;
    'aria-describedby': string | undefined;
    'aria-invalid': boolean | undefined;
  }) => ReactNode;
}) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className={hideLabel ? 'sr-only' : 'text-label font-medium text-text-2'}>
        {label}
      </label>
      {children({ id, 'aria-describedby': described || undefined, 'aria-invalid': error ? true : undefined })}
      {hint && (
        <p id={`${id}-hint`} className="text-label text-text-3">
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} className="text-label text-bad">
          {error}
        </p>
      )}
    </div>
  );
}

// The hint at a name that is taken: what is saved under it takes the other's place.
export function Replaces({ text }: { text: string }) {
  return (
    <span role="status" className="text-warn">
      {text}
    </span>
  );
}

export function TextField({
  label,
  hint,
  error,
  hideLabel,
  className,
  ...rest
}: Frame & InputHTMLAttributes<HTMLInputElement> & { ref?: Ref<HTMLInputElement> }) {
  return (
    <Field label={label} hint={hint} error={error} hideLabel={hideLabel}>
      {(ids) => <input type="text" {...rest} {...ids} className={cx(kBox, 'h-8', className)} />}
    </Field>
  );
}

// After so long, what was told is in the address, or will never be.
const kToldMs = 1000;

// The text of a field whose value is in the address. That follows a moment after the key, and a field that waited for it would get its
// old text back first: the caret jumps to the end, and what an input method was putting together is broken off.
export function useOwnText(value: string, onText: (text: string) => void): [string, (text: string) => void] {
  const [text, setText] = useState(value);
  // What comes back as a value is no news, whatever was typed since.
  const told = useRef<string[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    const at = told.current.indexOf(value);
    told.current.splice(0, at < 0 ? told.current.length : at + 1);
    if (at < 0) setText(value);
  }, [value]);
  const write = (next: string) => {
    setText(next);
    told.current.push(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      told.current = [];
    }, kToldMs);
    onText(next);
  };
  return [text, write];
}

// Narrows what a page shows. The key / comes here from anywhere on it.
export function FilterField({
  label,
  hint,
  value,
  onText,
}: {
  label: string;
  // What can be written, where the label does not say it.
  hint?: string;
  value: string;
  // Undefined when it is empty, as the address wants it.
  onText: (text: string | undefined) => void;
}) {
  const field = useRef<HTMLInputElement>(null);
  const [text, setText] = useOwnText(value, (next) => onText(next || undefined));
  const actions = useMemo(
    () => [
      {
        id: 'page.filter',
        label,
        group: t('palette.here'),
        keys: ['/'],
        run: () => field.current?.focus(),
      },
    ],
    [label],
  );
  useActions(actions);
  return (
    <div className="w-72 max-w-full">
      <TextField
        ref={field}
        hideLabel
        type="search"
        label={label}
        placeholder={hint ?? label}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
    </div>
  );
}

export function TextArea({
  label,
  hint,
  error,
  hideLabel,
  className,
  ...rest
}: Frame & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  return (
    <Field label={label} hint={hint} error={error} hideLabel={hideLabel}>
      {(ids) => <textarea rows={4} {...rest} {...ids} className={cx(kBox, 'py-1.5', className)} />}
    </Field>
  );
}

export function Select({
  label,
  hint,
  error,
  hideLabel,
  className,
  children,
  ...rest
}: Frame & SelectHTMLAttributes<HTMLSelectElement>) {
  return (
    <Field label={label} hint={hint} error={error} hideLabel={hideLabel}>
      {(ids) => (
        <select {...rest} {...ids} className={cx(kBox, 'h-8', className)}>
          {children}
        </select>
      )}
    </Field>
  );
}

export function Checkbox({
  label,
  hint,
  ...rest
}: { label: string; hint?: ReactNode } & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  return (
    <div className="flex items-start gap-2">
      <input
        type="checkbox"
        id={id}
        {...rest}
        className="mt-1 size-4 accent-(--accent)"
        aria-describedby={hint ? `${id}-hint` : undefined}
      />
      <div>
        <label htmlFor={id} className="text-dense">
          {label}
        </label>
        {hint && (
          <p id={`${id}-hint`} className="text-label text-text-3">
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}

// On or off, at once: what it changes is saved when it is thrown.
export function Switch({
  label,
  hint,
  ...rest
}: { label: string; hint?: ReactNode } & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-label font-medium text-text-2">
        {label}
      </label>
      <input
        type="checkbox"
        role="switch"
        id={id}
        {...rest}
        aria-checked={rest.checked === true}
        aria-describedby={hint ? `${id}-hint` : undefined}
        className="relative my-1 h-6 w-10 shrink-0 appearance-none rounded-full border border-control bg-sunken transition-colors duration-90 before:absolute before:top-0.75 before:left-0.75 before:size-4 before:rounded-full before:bg-control before:transition-transform before:duration-90 checked:border-accent checked:bg-accent checked:before:translate-x-4 checked:before:bg-on-accent disabled:opacity-60 forced-colors:before:bg-[CanvasText]"
      />
      {hint && (
        <p id={`${id}-hint`} className="text-label text-text-3">
          {hint}
        </p>
      )}
    </div>
  );
}
