// SPDX-License-Identifier: MIT
import { useEffect, useState } from 'react';
import { useWaitingCount } from '@/api/outbox';
import { bus, useBusState } from '@/bus/bus';
import { t } from '@/i18n';

// Slim, and only while it is true: since when, when it is tried again, what a person can do.
export function OfflineBanner() {
  const { connection, offlineSince, retryAt } = useBusState();
  const waiting = useWaitingCount();
  const [now, setNow] = useState(Date.now());
  const offline = connection === 'offline' && offlineSince !== null;
  useEffect(() => {
    if (!offline) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [offline]);
  if (!offline) return null;
  const since = new Date(offlineSince).toLocaleTimeString();
  const wait = retryAt === null ? null : Math.max(0, Math.ceil((retryAt - now) / 1000));
  return (
    <div
      role="status"
      className="flex flex-wrap items-center gap-3 border-b border-warn bg-warn-soft px-4 py-1.5 text-dense text-warn"
    >
      <span>{t('shell.offline', { since })}</span>
      {waiting > 0 && <span>{t('shell.offline.waiting', { count: waiting })}</span>}
      <span aria-live="off">
        {wait === null ? t('shell.offline.trying') : t('shell.offline.retry', { seconds: wait })}
      </span>
      <button type="button" className="min-h-6 font-medium underline" onClick={() => bus.retryNow()}>
        {t('shell.offline.now')}
      </button>
      <span>{t('shell.offline.start')}</span>
    </div>
  );
}
