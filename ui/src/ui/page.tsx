// SPDX-License-Identifier: MIT
// The skeleton of every page: where one is, what it is, its one primary action, filters, body, details.
import { type ReactNode, useEffect } from 'react';
import { cx } from '@/lib/cx';

export function Page({
  title,
  status,
  lead,
  primary,
  secondary,
  filters,
  details,
  width = 'full',
  children,
}: {
  title: string;
  status?: ReactNode;
  // One line on what this page is.
  lead?: ReactNode;
  primary?: ReactNode;
  secondary?: ReactNode;
  filters?: ReactNode;
  // A pane at the right; over the page on narrow screens.
  details?: ReactNode;
  width?: 'full' | 'form' | 'read';
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Pryx`;
  }, [title]);
  return (
    <div className="flex min-h-0 min-w-0 flex-1">
      <div className="flex min-h-0 min-w-0 flex-1 flex-col overflow-auto px-4 pb-8 md:px-6">
        <header className="flex flex-wrap items-center gap-x-3 gap-y-2 pt-5 pb-3">
          <div className="min-w-0 flex-1">
            <div className="flex flex-wrap items-center gap-3">
              <h1 className="truncate text-h2 font-semibold">{title}</h1>
              {status}
            </div>
            {lead && <p className="text-dense text-text-2">{lead}</p>}
          </div>
          {secondary}
          {primary}
        </header>
        {filters && <div className="flex flex-wrap items-center gap-2 pb-3">{filters}</div>}
        <div
          className={cx(
            'flex min-h-0 flex-1 flex-col',
            width === 'form' && 'max-w-160',
            width === 'read' && 'max-w-[72ch]',
          )}
        >
          {children}
        </div>
      </div>
      {details && (
        <aside className="hidden w-100 shrink-0 overflow-y-auto border-l border-line bg-surface lg:block">
          {details}
        </aside>
      )}
    </div>
  );
}

export function Card({
  title,
  action,
  children,
  className,
}: {
  title?: string;
  action?: ReactNode;
  children: ReactNode;
  className?: string;
}) {
  return (
    <section className={cx('rounded-card border border-line bg-surface', className)}>
      {title && (
        <header className="flex items-center justify-between gap-3 border-b border-line px-4 py-2">
          <h2 className="text-body font-semibold">{title}</h2>
          {action}
        </header>
      )}
      <div className="p-4">{children}</div>
    </section>
  );
}

// Names and values.
export function Facts({ facts }: { facts: [name: string, value: ReactNode][] }) {
  return (
    <dl className="grid grid-cols-[max-content_1fr] gap-x-4 gap-y-1 text-dense">
      {facts.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-text-3">{name}</dt>
          <dd className="min-w-0 break-words">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
