// SPDX-License-Identifier: MIT
// What an export will hold, before it is made: the whole log, or what the page shows of it.
import { useState } from 'react';
import { t } from '@/i18n';
import { Select } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';
import { type AuditQuery, filterWords } from './filters';
import type { ExportFormat, ExportPart } from './queries';

const kFormats = ['jsonl', 'csv', 'json'] as const;

export function ExportDialog({
  format: first,
  query,
  busy,
  onExport,
  onClose,
}: {
  format: ExportFormat;
  // Of the page.
  query: AuditQuery;
  busy: boolean;
  onExport: (format: ExportFormat, part: ExportPart) => void;
  onClose: () => void;
}) {
  const [format, setFormat] = useState(first);
  const [wanted, setWanted] = useState<'all' | 'shown'>('shown');
  const words = filterWords(query);
  const isWhole = format === 'jsonl' || words.length === 0;
  const part = isWhole ? 'all' : wanted;
  return (
    <FormDialog
      title={t('audit.export.title')}
      description={t('audit.export.why')}
      verb={t('audit.export.make')}
      busy={busy}
      onSave={() => onExport(format, part === 'all' ? {} : query)}
      onClose={onClose}
    >
      <Select
        label={t('audit.export.format')}
        value={format}
        onChange={(event) => setFormat(event.target.value as ExportFormat)}
      >
        {kFormats.map((one) => (
          <option key={one} value={one}>
            {t(`audit.export.${one}`)}
          </option>
        ))}
      </Select>
      <fieldset className="flex flex-col gap-1">
        <legend className="mb-1 text-label font-medium text-text-2">{t('audit.export.part')}</legend>
        {(['shown', 'all'] as const).map((one) => (
          <label key={one} className="flex min-h-6 items-center gap-2 text-dense">
            <input
              type="radio"
              name="audit-part"
              className="size-4 accent-(--accent)"
              disabled={one === 'shown' && isWhole}
              checked={part === one}
              onChange={() => setWanted(one)}
            />
            {t(`audit.export.part.${one}`)}
          </label>
        ))}
        {words.length > 0 && (
          <dl className="grid grid-cols-[max-content_1fr] gap-x-3 pl-6 text-label text-text-2">
            {words.map(([name, value]) => (
              <div key={name} className="contents">
                <dt className="text-text-3">{name}</dt>
                <dd className="break-words">{value}</dd>
              </div>
            ))}
          </dl>
        )}
        {isWhole && (
          <p className="text-label text-text-3">
            {t(words.length === 0 ? 'audit.export.part.none' : 'audit.export.whole')}
          </p>
        )}
      </fieldset>
    </FormDialog>
  );
}
