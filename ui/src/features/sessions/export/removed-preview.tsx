// SPDX-License-Identifier: MIT
// What is taken out: counts by detector, then every place with the value struck through beside what takes its place.
import { t } from '@/i18n';
import { count } from '@/lib/format';
import { Table } from '@/ui/list';
import type { Removed } from './removed';

export function RemovedPreview({ removed, redact }: { removed: Removed; redact: boolean }) {
  const kinds = Object.keys(removed.values).sort(
    (a, b) => (removed.values[b] ?? 0) - (removed.values[a] ?? 0) || a.localeCompare(b),
  );
  if (kinds.length === 0) return <p className="py-4 text-dense text-text-2">{t('sessions.x.nothing')}</p>;
  return (
    <div className="flex flex-col gap-4">
      <section>
        <h3 className="pb-1.5 text-dense font-semibold">
          {t(redact ? 'sessions.x.removed' : 'sessions.x.kept')}
        </h3>
        <Table
          label={t('sessions.x.removed')}
          head={[t('sessions.x.detector'), t('sessions.x.values'), t('sessions.x.places')]}
        >
          {kinds.map((kind) => (
            <tr key={kind}>
              <td>{t(`sessions.x.kind.${kind}`)}</td>
              <td className="text-right">{count(removed.values[kind] ?? 0)}</td>
              <td className="text-right">{count(removed.places[kind] ?? 0)}</td>
            </tr>
          ))}
        </Table>
      </section>
      <section>
        <h3 className="pb-1.5 text-dense font-semibold">{t('sessions.x.changes')}</h3>
        {removed.shown.length < removed.total && (
          <p className="pb-1 text-label text-text-3">
            {t('sessions.x.shownOf', { shown: count(removed.shown.length), total: count(removed.total) })}
          </p>
        )}
        <div
          // It scrolls, so the keyboard has to reach it.
          tabIndex={0}
          role="group"
          aria-label={t('sessions.x.changes')}
          className="max-h-72 overflow-y-auto rounded-card border border-line"
        >
          {removed.shown.map((place, index) => (
            <div
              // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes
              key={index}
              className="border-b border-line px-3 py-2 text-label last:border-b-0"
            >
              <p className="font-mono text-meta break-all text-text-3">{place.where}</p>
              <p className="font-mono break-words whitespace-pre-wrap">
                <span className="text-text-3">{place.before}</span>
                <del className={redact ? 'bg-bad-soft text-bad' : 'bg-warn-soft text-warn no-underline'}>
                  <span className="sr-only">{t('sessions.x.struck')}: </span>
                  {place.removed}
                </del>
                {redact && (
                  <ins className="bg-ok-soft text-ok no-underline">
                    <span className="sr-only">{t('sessions.x.put')}: </span>
                    {place.put}
                  </ins>
                )}
                <span className="text-text-3">{place.after}</span>
              </p>
            </div>
          ))}
        </div>
      </section>
    </div>
  );
}
