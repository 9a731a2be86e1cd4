// SPDX-License-Identifier: MIT
// The states of a page that are not its content: loading, empty, filtered empty, error, offline. <Loaded> picks the right one.
import { type UseQueryResult, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect, useState } from 'react';
import { Problem, reportText, Unreachable } from '@/api/problem';
import { t } from '@/i18n';
import { Button } from './button';
import { copyText } from './copy';

export function Empty({
  title,
  why,
  action,
  mark,
}: {
  title: string;
  why: string;
  action?: ReactNode;
  mark?: ReactNode;
}) {
  return (
    <div className="mx-auto flex max-w-md flex-col items-center gap-2 px-4 py-16 text-center">
      {mark && <div className="mb-1 text-text-3">{mark}</div>}
      <p className="text-body font-medium">{title}</p>
      <p className="text-dense text-text-2">{why}</p>
      {action && <div className="mt-3 flex gap-2">{action}</div>}
    </div>
  );
}

// Nothing for 200 ms, then bones, then words, then how long it has been.
export function Loading({ rows = 6, onCancel }: { rows?: number; onCancel?: () => void }) {
  const [elapsed, setElapsed] = useState(0);
  useEffect(() => {
    const begin = Date.now();
    const timer = setInterval(() => setElapsed(Date.now() - begin), 200);
    return () => clearInterval(timer);
  }, []);
  if (elapsed < 200) return <div aria-busy="true" className="min-h-24" />;
  return (
    <div role="status" aria-busy="true" className="flex flex-col gap-2 py-2">
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: bones are all alike
        <div key={row} className="h-8 rounded-control bg-sunken" />
      ))}
      <span className={elapsed < 2000 ? 'sr-only' : 'text-dense text-text-2'}>
        {elapsed < 10_000 ? t('ui.loading') : t('ui.loading.long', { seconds: Math.floor(elapsed / 1000) })}
      </span>
      {elapsed >= 10_000 && onCancel && <Button onClick={onCancel}>{t('ui.cancel')}</Button>}
    </div>
  );
}

export function ErrorNote({
  error,
  what,
  retry,
  onDismiss,
}: {
  error: unknown;
  what: string;
  retry?: () => void;
  onDismiss?: () => void;
}) {
  const offline = error instanceof Unreachable;
  const problem = error instanceof Problem ? error : null;
  return (
    <div role="alert" className="rounded-card border border-bad bg-bad-soft p-3 text-dense">
      <p className="font-medium text-bad">{what}</p>
      <p className="mt-1 whitespace-pre-line text-text">
        {offline ? t('ui.error.offline') : error instanceof Error ? error.message : String(error)}
      </p>
      <div className="mt-2 flex flex-wrap items-center gap-2">
        {retry && (
          <Button small onClick={retry}>
            {t('ui.retry')}
          </Button>
        )}
        {onDismiss && (
          <Button small kind="quiet" onClick={onDismiss}>
            {t('ui.dismiss')}
          </Button>
        )}
        <details className="text-text-2">
          <summary className="inline-flex min-h-6 items-center text-label underline">
            {t('ui.error.details')}
          </summary>
          <pre className="mt-1 overflow-x-auto rounded-control bg-surface p-2 font-mono text-label select-all">
            {reportText(error)}
          </pre>
          <Button small kind="quiet" onClick={() => copyText(reportText(error))}>
            {t('ui.error.copy')}
          </Button>
        </details>
        {problem?.code && <code className="font-mono text-label text-text-2">{problem.code}</code>}
      </div>
    </div>
  );
}

function Cancelled({ onAgain }: { onAgain: () => void }) {
  return (
    <Empty
      title={t('ui.loading.cancelled')}
      why={t('ui.loading.cancelled.why')}
      action={<Button onClick={onAgain}>{t('ui.retry')}</Button>}
    />
  );
}

type Asked = { data: unknown; fetchStatus: string; refetch: () => Promise<unknown> };

// What stands for queries that hold nothing yet, where <Loaded> does not fit. What is cancelled waits for a person to ask again.
export function Waiting({ of, rows }: { of: Asked[]; rows?: number }) {
  const queries = useQueryClient();
  const [isCancelled, setCancelled] = useState(false);
  const missing = of.filter((query) => query.data === undefined);
  const isIdle = missing.every((query) => query.fetchStatus === 'idle');
  const again = () => {
    for (const query of missing) void query.refetch();
  };
  if (isCancelled && isIdle) return <Cancelled onAgain={again} />;
  const cancel = () => {
    setCancelled(true);
    // A result does not say whose it is; the one that would ask again for it does.
    const refetches: unknown[] = missing.map((query) => query.refetch);
    void queries.cancelQueries({
      predicate: (one) => one.observers.some((observer) => refetches.includes(observer.refetch)),
    });
  };
  return <Loading rows={rows} onCancel={isIdle ? undefined : cancel} />;
}

type Listed = { state: string; list: { more: () => unknown; cancel: () => void } };

// The same for a list that is read page by page and has none yet.
export function FirstPage({ held, rows }: { held: Listed; rows?: number }) {
  if (held.state === 'cancelled') return <Cancelled onAgain={() => void held.list.more()} />;
  return <Loading rows={rows} onCancel={held.state === 'loading' ? held.list.cancel : undefined} />;
}

// What a query holds, or the state that stands for it. What was there stays on the page while it is asked for again or cannot be.
export function Loaded<T>({
  query,
  what,
  rows,
  empty,
  children,
}: {
  query: UseQueryResult<T>;
  what: string;
  rows?: number;
  empty?: (data: T) => ReactNode | null | false;
  children: (data: T) => ReactNode;
}) {
  if (query.data === undefined)
    return query.isError ? (
      <ErrorNote error={query.error} what={what} retry={() => void query.refetch()} />
    ) : (
      <Waiting of={[query]} rows={rows} />
    );
  const instead = empty?.(query.data);
  return (
    <>
      {query.isError && <ErrorNote error={query.error} what={what} retry={() => void query.refetch()} />}
      {instead || children(query.data)}
    </>
  );
}
