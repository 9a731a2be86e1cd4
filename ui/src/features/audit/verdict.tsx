// SPDX-License-Identifier: MIT
// How far the log was verified and when; where it breaks; what that does not prove.
import { Info } from 'lucide-react';
import type { Schemas } from '@/api/client';
import { t } from '@/i18n';
import { absolute, count, localDay } from '@/lib/format';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { ErrorNote, Waiting } from '@/ui/states';
import { Chip } from '@/ui/status';
import { Copyable } from './copyable';
import { saveBlob, useCheckpoint, type Verdict } from './queries';

type Status = Schemas['AuditStatus'];
type Bad = { index: number | null; reason: string };

// What does not hold: by the verification that was just asked for, else by the last one of the whole log, else by the daemon's own look.
export function foundBad(status: Status | undefined, told: Verdict | undefined): Bad | null {
  const verdict = [told, status?.verified].find((one) => one?.ok === false);
  if (verdict) return { index: verdict.first_bad_index, reason: verdict.reason ?? '' };
  return status?.problem ? { index: null, reason: status.problem } : null;
}

const badText = (index: number | null) =>
  index ? t('audit.verify.bad', { index: count(index) }) : t('audit.verify.badLog');

export function VerifiedChip({ status }: { status: Status }) {
  const last = status.verified;
  if (!last) return <Chip tone="idle" shape="○" text={t('audit.verify.never')} />;
  const { at } = last;
  const by = t('audit.verify.by', { signed: count(status.signed_size), by: last.by });
  const title = `${absolute(at)}. ${by}`;
  if (!last.ok) return <Chip tone="bad" shape="✕" title={title} text={badText(last.first_bad_index)} />;
  const when = new Date(at);
  const time = when.toLocaleTimeString(undefined, {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const day = localDay(when) === localDay(new Date()) ? '' : `${localDay(when)} `;
  return (
    <Chip
      tone="ok"
      shape="✓"
      title={title}
      text={t('audit.verify.upto', { rows: count(last.rows), time: day + time })}
    />
  );
}

// The first entry that does not hold, and what to do about it.
export function BadVerdict({
  bad: { index, reason: raw },
  onShow,
  onExport,
}: {
  bad: Bad;
  onShow: (index: number) => void;
  onExport: (from: number) => void;
}) {
  const reason = raw && !/[.!]$/.test(raw) ? `${raw}.` : raw;
  return (
    <div role="alert" className="mb-3 rounded-card border border-bad bg-bad-soft p-3 text-dense">
      <p className="font-semibold text-bad">{badText(index)}</p>
      <p className="mt-1">
        {t(index ? 'audit.verify.bad.what' : 'audit.verify.badLog.what', {
          reason: reason.charAt(0).toUpperCase() + reason.slice(1),
        })}
      </p>
      {index && (
        <div className="mt-2 flex flex-wrap gap-2">
          <Button small onClick={() => onShow(index)}>
            {t('audit.verify.show', { index: count(index) })}
          </Button>
          <Button small onClick={() => onExport(index)}>
            {t('audit.verify.exportFrom', { index: count(index) })}
          </Button>
        </div>
      )}
    </div>
  );
}

export function Caveat({ onCheckpoint }: { onCheckpoint: () => void }) {
  return (
    <aside
      aria-label={t('audit.caveat.title')}
      className="mb-3 flex gap-2.5 rounded-card border border-line bg-sunken px-3 py-2 text-label text-text-2"
    >
      <Info size={16} aria-hidden className="mt-0.5 shrink-0 text-text-3" />
      <p>
        {t('audit.caveat')}{' '}
        <button type="button" className="min-h-6 font-medium text-accent underline" onClick={onCheckpoint}>
          {t('audit.checkpoint')}
        </button>
      </p>
    </aside>
  );
}

export function CheckpointDialog({ onClose }: { onClose: () => void }) {
  const query = useCheckpoint(true);
  const point = query.data;
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('audit.checkpoint.title')}
      description={point ? t('audit.checkpoint.of', { size: point.size, at: absolute(point.at) }) : ''}
      footer={
        <>
          <Button onClick={onClose}>{t('ui.close')}</Button>
          <Button
            kind="primary"
            disabled={!point}
            onClick={() =>
              point && saveBlob(new Blob([point.note], { type: 'text/plain' }), `pryx-${point.size}.note`)
            }
          >
            {t('audit.save')}
          </Button>
        </>
      }
    >
      {query.isError && <ErrorNote error={query.error} what={t('audit.checkpoint.failed')} />}
      {query.isPending && <Waiting of={[query]} rows={3} />}
      {point && (
        <div className="flex flex-col gap-3 text-dense">
          <p className="text-text-2">{t('audit.caveat')}</p>
          <div>
            <h3 className="pb-1 text-label font-medium text-text-3">{t('audit.checkpoint.note')}</h3>
            <Copyable text={point.note} label={t('audit.checkpoint.note')} />
          </div>
          <div>
            <h3 className="pb-1 text-label font-medium text-text-3">{t('audit.checkpoint.key')}</h3>
            <Copyable text={point.key} label={t('audit.checkpoint.key')} />
          </div>
          <div>
            <h3 className="pb-1 text-label font-medium text-text-3">{t('audit.checkpoint.later')}</h3>
            <Copyable
              label={t('audit.checkpoint.later')}
              text={`pryx audit verify --against pryx-${point.size}.note`}
            />
          </div>
          {point.copies && (
            <p className="text-label break-all text-text-3">
              {t('audit.caveat.copies', { place: point.copies })}
            </p>
          )}
        </div>
      )}
    </Dialog>
  );
}
