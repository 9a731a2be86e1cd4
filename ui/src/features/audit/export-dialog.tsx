// SPDX-License-Identifier: MIT
// What an export will hold, before it is made: the whole log or the page's time, never the page's other filters.
import { useState } from 'react';
import { t } from '@/i18n';
import { count } from '@/lib/format';
import { Select } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';
import { ErrorNote } from '@/ui/states';
import { auditQuery, type Search } from './filters';
import { type ExportFormat, type ExportRange, useRange } from './queries';

const kFormats = ['jsonl', 'csv', 'json'] as const;
const kTime = new Set(['since', 'from', 'to']);

// The filters that no export knows, as a person set them.
const unused = (search: Search) =>
  (['actor', 'action', 'object', 'outcome', 'session', 'turn'] as const)
    .filter((name) => search[name])
    .map((name) => `${t(`audit.export.filter.${name}`)} ${search[name]}`);

export function ExportDialog({
  format: first,
  search,
  busy,
  onExport,
  onClose,
}: {
  format: ExportFormat;
  search: Search;
  busy: boolean;
  onExport: (format: ExportFormat, range: ExportRange) => void;
  onClose: () => void;
}) {
  const [format, setFormat] = useState(first);
  const hasTime = Object.keys(search).some((name) => kTime.has(name) && search[name]);
  const [part, setPart] = useState<'all' | 'time'>(hasTime ? 'time' : 'all');
  // The clock stands while the dialog is open, so that the numbers do.
  const [query] = useState(() => auditQuery(search));
  const range = useRange(query);
  const ignored = unused(search);
  const isTime = part === 'time';
  const found = range.data;
  const isNone = isTime && found !== undefined && found.to < found.from;
  return (
    <FormDialog
      title={t('audit.export.title')}
      description={t('audit.export.why')}
      verb={t('audit.export.make')}
      busy={busy}
      valid={!isTime || (found !== undefined && !isNone)}
      onSave={() => onExport(format, isTime && found ? found : {})}
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
        {(['all', 'time'] as const).map((one) => (
          <label key={one} className="flex min-h-6 items-center gap-2 text-dense">
            <input
              type="radio"
              name="audit-part"
              className="size-4 accent-(--accent)"
              disabled={one === 'time' && !hasTime}
              checked={part === one}
              onChange={() => setPart(one)}
            />
            {one === 'time' && found && found.to >= found.from
              ? t('audit.export.part.numbers', { from: count(found.from), to: count(found.to) })
              : t(`audit.export.part.${one}`)}
          </label>
        ))}
        {isNone && <p className="text-dense text-warn">{t('audit.export.none')}</p>}
        {range.isError && <ErrorNote error={range.error} what={t('audit.failed')} />}
      </fieldset>
      {ignored.length > 0 && (
        <p className="rounded-card border border-warn bg-warn-soft p-3 text-dense">
          {t('audit.export.ignored', { filters: ignored.join(', ') })}
        </p>
      )}
    </FormDialog>
  );
}
