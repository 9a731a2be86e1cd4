// SPDX-License-Identifier: MIT
import type { ButtonHTMLAttributes, ComponentType, ReactNode } from 'react';
import { keysText } from '@/actions/keys';
import { cx } from '@/lib/cx';

type Kind = 'plain' | 'primary' | 'danger' | 'quiet';
const kKinds: Record<Kind, string> = {
  plain: 'border border-control bg-surface text-text hover:bg-sunken',
  primary: 'border border-accent bg-accent text-on-accent hover:brightness-110',
  danger: 'border border-bad bg-bad text-on-bad hover:brightness-110',
  quiet: 'border border-transparent text-text-2 hover:bg-sunken hover:text-text',
};

export type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & {
  kind?: Kind;
  icon?: ComponentType<{ size?: number; 'aria-hidden'?: boolean }>;
  // Shown in the tooltip; the shortcut itself belongs to an action.
  keys?: string;
  busy?: boolean;
  small?: boolean;
  children?: ReactNode;
};

export function Button({
  kind = 'plain',
  icon: Icon,
  keys,
  busy,
  small,
  className,
  title,
  children,
  disabled,
  ...rest
}: ButtonProps) {
  const tip = [title, keys && keysText(keys)].filter(Boolean).join(' · ');
  return (
    <button
      type="button"
      {...rest}
      title={tip || undefined}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      className={cx(
        'inline-flex items-center justify-center gap-1.5 rounded-control font-medium whitespace-nowrap transition-colors duration-90 disabled:opacity-60',
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
