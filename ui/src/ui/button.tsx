// SPDX-License-Identifier: MIT
import type { ButtonHTMLAttributes, ComponentType, MouseEvent, ReactNode, Ref } from 'react';
import { keysText } from '@/actions/keys';
import { t } from '@/i18n';
import { cx } from '@/lib/cx';
import { useAway } from '@/lib/reach';

type Kind = 'plain' | 'primary' | 'danger' | 'quiet';
const kKinds: Record<Kind, string> = {
  plain: 'border border-control bg-surface text-text hover:bg-sunken',
  primary: 'border border-accent bg-accent text-on-accent hover:brightness-110',
  danger: 'border border-bad bg-bad text-on-bad hover:brightness-110',
  quiet: 'border border-transparent text-text-2 hover:bg-sunken hover:text-text',
};

export type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & {
  kind?: Kind;
  ref?: Ref<HTMLButtonElement>;
  icon?: ComponentType<{ size?: number; 'aria-hidden'?: boolean }>;
  // Shown in the tooltip; the shortcut itself belongs to an action.
  keys?: string;
  // Whether what it does is under way. Who says so waits for the daemon, and cannot be pressed while that is away: it says why, and
  // keeps the focus, so that a reader hears it too.
  busy?: boolean;
  // Works without the daemon all the same: what it does is kept until then, or worth a try of its own.
  offline?: boolean;
  small?: boolean;
  children?: ReactNode;
};

export function Button({
  kind = 'plain',
  icon: Icon,
  keys,
  busy,
  offline,
  small,
  className,
  title,
  children,
  disabled,
  onClick,
  ...rest
}: ButtonProps) {
  const held = useAway() && busy !== undefined && !offline;
  const tip = held ? t('ui.away') : [title, keys && keysText(keys)].filter(Boolean).join(' · ');
  return (
    <button
      type="button"
      {...rest}
      title={tip || undefined}
      disabled={disabled || busy}
      aria-disabled={held || undefined}
      // Pressing Enter in a form presses its button, so this holds the form too.
      onClick={held ? (event: MouseEvent) => event.preventDefault() : onClick}
      aria-busy={busy || undefined}
      className={cx(
        'inline-flex items-center justify-center gap-1.5 rounded-control font-medium whitespace-nowrap transition-colors duration-90 disabled:opacity-60 aria-disabled:cursor-not-allowed aria-disabled:opacity-60',
        small ? 'h-7 px-2 text-label' : 'h-8 px-3 text-dense',
        kKinds[kind],
        className,
      )}
    >
      {Icon && <Icon size={16} aria-hidden />}
      {children}
    </button>
  );
}

// An icon alone: its label is what a screen reader says and the tooltip shows.
export function IconButton({ label, small, ...rest }: ButtonProps & { label: string }) {
  return (
    <Button
      kind="quiet"
      {...rest}
      aria-label={label}
      title={rest.title ?? label}
      className={cx(small ? 'w-7 px-0!' : 'w-8 px-0!', rest.className)}
    />
  );
}
