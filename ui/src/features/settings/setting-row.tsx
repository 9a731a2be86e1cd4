// SPDX-License-Identifier: MIT
// One setting. A switch is saved when it is thrown, a choice when it is made, what is typed when it is sent; the control keeps the
// focus, and what was refused stays with its reason.
import { type FormEvent, type ReactNode, useRef, useState } from 'react';
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
  if (min === null && max === null) return unit ? t('settings.unit', { unit }) : '';
  const [low, high] = [min, max].map((limit) => (limit === null ? '' : `${limit}${unit ? ` ${unit}` : ''}`));
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

type Props = {
  item: SettingItem;
  send: (value: unknown, onDone?: () => void) => void;
  // What is sent, or undefined.
  sent: { value: unknown } | undefined;
};

// What was entered and not sent yet, with the two ways on. Both end in the field: they are gone when they are done.
function Draft({
  isChanged,
  isWrong = false,
  busy,
  onSend,
  onDiscard,
  children,
}: {
  isChanged: boolean;
  isWrong?: boolean;
  busy: boolean;
  onSend: () => void;
  onDiscard: () => void;
  children: ReactNode;
}) {
  const form = useRef<HTMLFormElement>(null);
  const toField = () => form.current?.querySelector<HTMLElement>('input, select')?.focus();
  return (
    <form
      ref={form}
      className="flex flex-col gap-2"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        toField();
        onSend();
      }}
    >
      {children}
      {isChanged && (
        <div className="flex gap-2">
          <Button small kind="primary" type="submit" busy={busy} disabled={isWrong}>
            {t('settings.save')}
          </Button>
          <Button
            small
            onClick={() => {
              toField();
              onDiscard();
            }}
          >
            {t('settings.discard')}
          </Button>
        </div>
      )}
    </form>
  );
}

function Typed({ item, send, sent }: Props) {
  const [text, setText] = useState<string | null>(null);
  const before = valueText(item.value);
  const now = text ?? before;
  const isChanged = now !== before;
  const read = readValue(item, now);
  const problem = 'problem' in read ? read.problem : undefined;
  // What is typed while it is sent stays.
  const onSend = () =>
    isChanged &&
    'value' in read &&
    send(read.value, () => setText((later) => (later === now ? null : later)));
  return (
    <Draft
      isChanged={isChanged}
      isWrong={problem !== undefined}
      busy={sent !== undefined}
      onSend={onSend}
      onDiscard={() => setText(null)}
    >
      <TextField
        label={item.key}
        hint={<Hint item={item} />}
        error={
          isChanged && problem ? t(`settings.wrong.${problem}`, { min: item.min, max: item.max }) : undefined
        }
        value={now}
        spellCheck={false}
        onChange={(event) => setText(event.target.value)}
        inputMode={isNumber(item) ? 'numeric' : undefined}
        autoComplete="off"
        className={cx(
          'font-mono text-label',
          isNumber(item) || item.type === 'duration' ? 'max-w-40' : 'max-w-120',
        )}
      />
    </Draft>
  );
}

// An arrow key passes through the choices, so it makes none: Enter does, or leaving the field. One that is picked is made.
function Chosen({ item, send, sent }: Props) {
  const [choice, setChoice] = useState<string | null>(null);
  const viaKeys = useRef(false);
  // What the daemon has, or will have when what is on its way has arrived.
  const before = valueText(sent ? (sent.value ?? item.default) : item.value);
  const now = choice ?? before;
  const make = (next: string) => {
    viaKeys.current = false;
    if (next === before) return setChoice(null);
    setChoice(next);
    send(next, () => setChoice((later) => (later === next ? null : later)));
  };
  return (
    <Draft
      isChanged={now !== before}
      busy={sent !== undefined}
      onSend={() => make(now)}
      onDiscard={() => setChoice(null)}
    >
      <Select
        label={item.key}
        hint={<Hint item={item} />}
        value={now}
        className="max-w-60"
        onPointerDown={() => {
          viaKeys.current = false;
        }}
        onKeyDown={(event) => {
          viaKeys.current = event.key !== 'Enter';
          if (event.key === 'Escape') setChoice(null);
          if (event.key !== 'Enter' || now === before) return;
          event.preventDefault();
          make(now);
        }}
        onChange={(event) => (viaKeys.current ? setChoice(event.target.value) : make(event.target.value))}
        onBlur={(event) =>
          viaKeys.current && event.relatedTarget?.closest('form') !== event.target.form && make(now)
        }
      >
        {[...new Set([...(item.choices ?? []), before])].map((one) => (
          <option key={one}>{one}</option>
        ))}
      </Select>
    </Draft>
  );
}

function Control(props: Props) {
  const { item, send, sent } = props;
  if (item.type === 'boolean')
    return (
      <Switch
        label={item.key}
        hint={<Hint item={item} />}
        checked={(sent ? (sent.value ?? item.default) : item.value) === true}
        onChange={(event) => send(event.target.checked)}
      />
    );
  return item.choices?.length ? <Chosen {...props} /> : <Typed {...props} />;
}

function Origin({ item }: { item: SettingItem }) {
  if (item.origin === 'default') return <Chip tone="idle" text={t('settings.default')} />;
  const from = [...new Set([item.origin, item.source])].filter(Boolean).join(', ');
  return <Chip tone="info" text={from} />;
}

export function SettingRow({ item }: { item: SettingItem }) {
  const row = useRef<HTMLLIElement>(null);
  const put = usePutSetting();
  const undo = usePutSetting();
  const send: Props['send'] = (value, onDone) =>
    put.mutate(
      { name: item.key, value },
      {
        onSuccess: (now) => {
          onDone?.();
          toast(
            t('settings.saved', {
              name: item.key,
              value: valueText((now.settings as Record<string, unknown>)[item.key]),
            }),
            {
              undo: () =>
                undo.mutateAsync({ name: item.key, value: item.origin === 'database' ? item.value : null }),
            },
          );
        },
      },
    );
  const isKept = item.origin === 'database';
  return (
    <li
      ref={row}
      data-setting={item.key}
      className="grid gap-x-4 gap-y-2 px-4 py-3 sm:grid-cols-[minmax(0,1fr)_auto]"
    >
      <div className="min-w-0">
        <Control item={item} send={send} sent={put.isPending ? put.variables : undefined} />
        {put.isError && <ErrorNote error={put.error} what={t('settings.save.failed')} />}
      </div>
      <div className="flex flex-wrap items-start gap-2 sm:flex-col sm:items-end">
        <span className="flex flex-wrap gap-1 sm:justify-end">
          {item.needs_restart && (
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
            title={t('settings.reset.to', { value: valueText(item.default) })}
            onClick={() => {
              // It is gone when it is done.
              row.current?.querySelector<HTMLElement>('input, select')?.focus();
              send(null);
            }}
          >
            {t('settings.reset')}
          </Button>
        )}
      </div>
    </li>
  );
}
