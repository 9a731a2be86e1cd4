// SPDX-License-Identifier: MIT
// After crashes the daemon starts without running anything: what that means, and the two commands that lead out of it.
import type { Schemas } from '@/api/client';
import { t } from '@/i18n';

function Command({ text, children }: { text: string; children: string }) {
  return (
    <span className="whitespace-nowrap">
      {text} <code className="font-mono text-label font-medium text-text select-all">{children}</code>
    </span>
  );
}

export function SafeBanner({ status }: { status: Pick<Schemas['Status'], 'mode' | 'safe_mode_reason'> }) {
  if (status.mode !== 'safe') return null;
  const why = status.safe_mode_reason;
  return (
    <div
      role="status"
      className="flex flex-wrap items-baseline gap-x-3 gap-y-0.5 border-b border-bad bg-bad-soft px-4 py-1.5 text-dense text-bad"
    >
      <span className="font-medium">{t('shell.safe')}</span>
      <span>
        {t('shell.safe.means')} {why && t('shell.safe.why', { reason: why.replace(/\.$/, '') })}
      </span>
      <span className="flex flex-wrap gap-x-3">
        <Command text={t('shell.safe.look')}>pryx doctor</Command>
        <Command text={t('shell.safe.leave')}>pryx daemon restart</Command>
      </span>
    </div>
  );
}
