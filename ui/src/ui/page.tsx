// SPDX-License-Identifier: MIT
// The skeleton of every page: where one is, what it is, its one primary action, filters, body, details.
import { type CSSProperties, type ReactNode, useEffect } from 'react';
import { t } from '@/i18n';
import { cx } from '@/lib/cx';
import { ResizeEdge, usePaneWidth } from './resize';

export function Page({
  title,
  status,
  lead,
  primary,
  secondary,
  filters,
  details,
  detailsLabel,
  fixed,
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
  // A pane at the right. On narrow screens it lies over the page when it has a label: give one only to a pane that can be closed.
  details?: ReactNode;
  detailsLabel?: string;
  // The page itself does not scroll; what is in it does.
  fixed?: boolean;
  width?: 'full' | 'form' | 'read';
  children: ReactNode;
}) {
  const [paneWidth, setPaneWidth] = usePaneWidth('details');
  useEffect(() => {
    document.title = `${title} · Pryx`;
  }, [title]);
  return (
    <div className="flex min-h-0 min-w-0 flex-1">
      <div
        className={cx(
          'flex min-h-0 min-w-0 flex-1 flex-col px-4 md:px-6',
          'pb-(--page-end)',
          fixed ? 'overflow-x-clip overflow-y-auto [--page-end:12px]' : 'overflow-auto [--page-end:32px]',
        )}
      >
        <header className="flex flex-wrap items-center gap-x-3 gap-y-2 pt-5 pb-3">
          <div className="min-w-0 flex-1 max-sm:basis-full">
            <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
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
        <>
          <ResizeEdge width={paneWidth} onWidth={setPaneWidth} />
          <aside
            aria-label={detailsLabel ?? t('ui.pane')}
            style={{ '--pane': `${paneWidth}px` } as CSSProperties}
            className={cx(
              'shrink-0 overflow-y-auto bg-surface lg:w-(--pane)',
              detailsLabel
                ? 'max-lg:fixed max-lg:inset-y-12 max-lg:right-0 max-lg:z-30 max-lg:w-[min(420px,100vw)] max-lg:border-l max-lg:border-line max-lg:shadow-float'
                : 'hidden lg:block',
            )}
          >
            {details}
          </aside>
        </>
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
