// SPDX-License-Identifier: MIT
// What is taken out: counts by detector, then every place as it is, the value masked, and as it will be.
import { t } from '@/i18n';
import { count } from '@/lib/format';
import { Table } from '@/ui/list';
import type { Place, Preview } from './reports';

// "before [email-1] after": what takes the value's place stands out.
function Put({ place }: { place: Place }) {
  const at = place.after.indexOf(place.placeholder);
  if (at < 0) return place.after;
  return (
    <>
      {place.after.slice(0, at)}
      <ins className="rounded-control bg-ok-soft px-0.5 text-ok no-underline">{place.placeholder}</ins>
      {place.after.slice(at + place.placeholder.length)}
    </>
  );
}

function PlaceRow({ place, redact }: { place: Place; redact: boolean }) {
  return (
    <div className="border-b border-line px-3 py-2 text-label last:border-b-0">
      <p className="flex flex-wrap gap-x-2 text-meta text-text-3">
        <span className="font-medium">{t(`sessions.x.kind.${place.detector}`)}</span>
        {place.name && <span>{place.name}</span>}
        <span className="font-mono break-all">{place.where}</span>
      </p>
      <p className="font-mono break-words whitespace-pre-wrap">
        <span className="sr-only">{t('sessions.x.struck')}: </span>
        {redact ? (
          <del className="text-text-3 decoration-bad">{place.before}</del>
        ) : (
          <span className="text-warn">{place.before}</span>
        )}
      </p>
      {redact && (
        <p className="font-mono break-words whitespace-pre-wrap">
          <span className="sr-only">{t('sessions.x.put')}: </span>
          <Put place={place} />
        </p>
      )}
    </div>
  );
}

export function RemovedPreview({ preview, redact }: { preview: Preview; redact: boolean }) {
  const kinds = [...preview.counts].sort(
    ([a, one], [b, two]) => two.values - one.values || a.localeCompare(b),
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
          numbers
        >
          {kinds.map(([kind, of]) => (
            <tr key={kind}>
              <td>{t(`sessions.x.kind.${kind}`)}</td>
              <td className="text-right">{count(of.values)}</td>
              <td className="text-right">{count(of.places)}</td>
            </tr>
          ))}
        </Table>
      </section>
      <section>
        <h3 className="pb-1.5 text-dense font-semibold">{t('sessions.x.changes')}</h3>
        {preview.shown.length < preview.places && (
          <p className="pb-1 text-label text-text-3">
            {t('sessions.x.shownOf', { shown: count(preview.shown.length), total: count(preview.places) })}
          </p>
        )}
        <div
          // It scrolls, so the keyboard has to reach it.
          tabIndex={0}
          role="group"
          aria-label={t('sessions.x.changes')}
          className="max-h-72 overflow-y-auto rounded-card border border-line"
        >
          {preview.shown.map((place, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes
            <PlaceRow key={index} place={place} redact={redact} />
          ))}
        </div>
      </section>
    </div>
  );
}
