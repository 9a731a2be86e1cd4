// SPDX-License-Identifier: MIT
// One setting. Switches and selects are saved when they change, what is typed when it is sent; what was refused stays with its reason.
import { type FormEvent, useState } from 'react';
import { t } from '@/i18n';
import { cx } from '@/lib/cx';
import { Button } from '@/ui/button';
import { Select, Switch, TextField } from '@/ui/field';
import { ErrorNote } from '@/ui/states';
import { Chip } from '@/ui/status';
import { toast } from '@/ui/toast';
import { usePutSetting } from './queries';
import { isNumber, readValue, type SettingItem, valueText } from './setting-items';

// "From 1 to 1000", "at least 1", or nothing.
function limitsOf({ min, max, unit }: SettingItem): string {
  if (min === undefined && max === undefined) return unit ? t('settings.unit', { unit }) : '';
  const [low, high] = [min, max].map((limit) => (limit === undefined ? '' : `${limit}${unit && ` ${unit}`}`));
  if (!low) return t('settings.most', { max: high });
  return high ? t('settings.between', { min: low, max: high }) : t('settings.least', { min: low });
}

function Hint({ item }: { item: SettingItem }) {
  const more = [
    item.description,
    limitsOf(item),
    item.type === 'duration' && t('settings.hint.duration'),
    item.type === 'list' && t('settings.hint.list'),
    item.nothing && t('settings.hint.nothing', { nothing: item.nothing }),
    item.origin === 'environment' && t('settings.hint.environment', { name: item.environment }),
  ];
  return more.filter(Boolean).join(' ');
}

type Send = (value: unknown) => void;

function Typed({ item, send, busy }: { item: SettingItem; send: Send; busy: boolean }) {
  const [text, setText] = useState<string | null>(null);
  const before = valueText(item.value);
  const now = text ?? before;
  const isChanged = now !== before;
  const read = readValue(item, now);
  const problem = 'problem' in read ? read.problem : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isChanged && 'value' in read) send(read.value);
  };
  const field = {
    label: item.key,
    hint: <Hint item={item} />,
    error:
      isChanged && problem ? t(`settings.wrong.${problem}`, { min: item.min, max: item.max }) : undefined,
    value: now,
    spellCheck: false,
    onChange: (event: { target: { value: string } }) => setText(event.target.value),
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-2">
      <TextField
        {...field}
        inputMode={isNumber(item) ? 'numeric' : undefined}
        autoComplete="off"
        className={cx(
          'font-mono text-label',
          isNumber(item) || item.type === 'duration' ? 'max-w-40' : 'max-w-120',
        )}
      />
      {isChanged && (
        <div className="flex gap-2">
          <Button small kind="primary" type="submit" busy={busy} disabled={problem !== undefined}>
            {t('settings.save')}
          </Button>
          <Button small onClick={() => setText(null)}>
            {t('settings.discard')}
          </Button>
        </div>
      )}
    </form>
  );
}

function Control({ item, send, busy }: { item: SettingItem; send: Send; busy: boolean }) {
  const label = item.key;
  const hint = <Hint item={item} />;
  if (item.type === 'boolean')
    return (
      <Switch
        label={label}
        hint={hint}
        busy={busy}
        checked={item.value === true}
        onChange={(event) => send(event.target.checked)}
      />
    );
  if (item.choices.length > 0) {
    const now = valueText(item.value);
    return (
      <Select
        label={label}
        hint={hint}
        value={now}
        disabled={busy}
        className="max-w-60"
        onChange={(event) => send(event.target.value)}
      >
        {[...new Set([...item.choices, now])].map((choice) => (
          <option key={choice}>{choice}</option>
        ))}
      </Select>
    );
  }
  // What is typed ends with the value that it was typed over.
  return <Typed key={valueText(item.value)} item={item} send={send} busy={busy} />;
}

function Origin({ item }: { item: SettingItem }) {
  if (item.origin === 'default') return <Chip tone="idle" text={t('settings.default')} />;
  const from = [...new Set([item.origin, item.source])].filter(Boolean).join(', ');
  return <Chip tone="info" text={from} />;
}

export function SettingRow({ item }: { item: SettingItem }) {
  const put = usePutSetting();
  const send: Send = (value) =>
    put.mutate(
      { name: item.key, value },
      {
        onSuccess: (now) =>
          toast(
            t('settings.saved', {
              name: item.key,
              value: valueText((now.settings as Record<string, unknown>)[item.key]),
            }),
            {
              undo: () =>
                put.mutate({ name: item.key, value: item.origin === 'database' ? item.value : null }),
            },
          ),
      },
    );
  const isKept = item.origin === 'database';
  return (
    <li data-setting={item.key} className="grid gap-x-4 gap-y-2 px-4 py-3 sm:grid-cols-[minmax(0,1fr)_auto]">
      <div className="min-w-0">
        <Control item={item} send={send} busy={put.isPending} />
        {put.isError && <ErrorNote error={put.error} what={t('settings.save.failed')} />}
      </div>
      <div className="flex flex-wrap items-start gap-2 sm:flex-col sm:items-end">
        <span className="flex flex-wrap gap-1 sm:justify-end">
          {item.needsRestart && (
            <Chip tone="warn" text={t('settings.restart')} title={t('settings.restart.why')} />
          )}
          <Origin item={item} />
        </span>
        {isKept && (
          <Button
            small
            kind="quiet"
            busy={put.isPending}
            aria-label={t('settings.reset.of', { name: item.key })}
            title={
              item.default === undefined ? '' : t('settings.reset.to', { value: valueText(item.default) })
            }
            onClick={() => send(null)}
          >
            {t('settings.reset')}
          </Button>
        )}
      </div>
    </li>
  );
}
