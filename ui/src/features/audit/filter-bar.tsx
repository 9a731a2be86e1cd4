// SPDX-License-Identifier: MIT
import { X } from 'lucide-react';
import { useEffect, useId, useRef, useState } from 'react';
import { t } from '@/i18n';
import { shortId } from '@/lib/format';
import { Button } from '@/ui/button';
import { Select, TextField } from '@/ui/field';
import { countFilters, kActions, kActors, kNoFilters, kSince, type Search } from './filters';

const kPauseMs = 350;

type Props = { search: Search; onChange: (change: Search) => void };

// Free text with what is usual offered; it becomes the filter after a moment.
function Typed({
  name,
  value,
  known,
  onChange,
}: {
  name: 'actor' | 'action' | 'object';
  value: string;
  known: string[];
  onChange: (change: Search) => void;
}) {
  const id = useId();
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => setText(value), [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const tell = (next: string, pause: number) => {
    setText(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onChange({ [name]: next.trim() || undefined }), pause);
  };
  return (
    <div className="w-36 grow sm:grow-0">
      <TextField
        hideLabel
        name={`audit-${name}`}
        label={t(`audit.filter.${name}`)}
        placeholder={t(`audit.filter.${name}`)}
        title={`${t(`audit.filter.${name}`)}: ${t(`audit.filter.${name}.hint`)}`}
        list={known.length > 0 ? `${id}-known` : undefined}
        autoComplete="off"
        value={text}
        onChange={(event) => tell(event.target.value, kPauseMs)}
        onKeyDown={(event) => event.key === 'Enter' && tell(text, 0)}
      />
      {known.length > 0 && (
        <datalist id={`${id}-known`}>
          {known.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      )}
    </div>
  );
}

function TimeFilter({ search, onChange }: Props) {
  const isRange = Boolean(search.from || search.to);
  const [wantsRange, setWantsRange] = useState(isRange);
  const value = isRange || wantsRange ? 'range' : (search.since ?? '');
  return (
    <>
      <div className="w-36">
        <Select
          hideLabel
          label={t('audit.filter.time')}
          value={value}
          onChange={(event) => {
            const next = event.target.value;
            setWantsRange(next === 'range');
            onChange({
              since: next === 'range' ? undefined : next || undefined,
              from: undefined,
              to: undefined,
            });
          }}
        >
          <option value="">{t('audit.filter.time.any')}</option>
          {kSince.map((one) => (
            <option key={one} value={one}>
              {t(`audit.filter.time.${one}`)}
            </option>
          ))}
          <option value="range">{t('audit.filter.time.range')}</option>
        </Select>
      </div>
      {value === 'range' &&
        (['from', 'to'] as const).map((name) => (
          <div key={name} className="w-48">
            <TextField
              hideLabel
              type="datetime-local"
              label={t(`audit.filter.${name}`)}
              value={search[name] ?? ''}
              onChange={(event) => onChange({ [name]: event.target.value || undefined })}
            />
          </div>
        ))}
    </>
  );
}

export function FilterBar({ search, onChange }: Props) {
  const filters = countFilters(search);
  return (
    <>
      <Typed name="actor" value={search.actor ?? ''} known={kActors} onChange={onChange} />
      <Typed name="action" value={search.action ?? ''} known={kActions} onChange={onChange} />
      <Typed name="object" value={search.object ?? ''} known={[]} onChange={onChange} />
      <div className="w-36">
        <Select
          hideLabel
          label={t('audit.filter.outcome')}
          value={search.outcome ?? ''}
          onChange={(event) => onChange({ outcome: event.target.value || undefined })}
        >
          <option value="">{t('audit.filter.outcome.any')}</option>
          <option value="ok">{t('audit.filter.outcome.ok')}</option>
          <option value="bad">{t('audit.filter.outcome.bad')}</option>
        </Select>
      </div>
      <TimeFilter search={search} onChange={onChange} />
      {(['session', 'turn'] as const).map((name) => {
        const id = search[name];
        return (
          id && (
            <span
              key={name}
              className="inline-flex h-7 items-center gap-1 rounded-full bg-accent-soft pr-1 pl-2.5 font-mono text-label text-accent"
            >
              {t('audit.filter.scope', { id: shortId(id) })}
              <button
                type="button"
                aria-label={t('audit.filter.scope.remove', { id })}
                onClick={() => onChange({ [name]: undefined })}
                className="inline-flex size-6 items-center justify-center rounded-full hover:bg-surface"
              >
                <X size={12} aria-hidden />
              </button>
            </span>
          )
        );
      })}
      {filters > 0 && (
        <Button small kind="quiet" onClick={() => onChange(kNoFilters)}>
          {t('audit.clear', { count: filters })}
        </Button>
      )}
    </>
  );
}
