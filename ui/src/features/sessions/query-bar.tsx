// SPDX-License-Identifier: MIT
// Words and typed filters in one field. What was typed becomes the address after a moment; filters show as chips that can be taken out.
import { X } from 'lucide-react';
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import { t } from '@/i18n';
import { cx } from '@/lib/cx';
import { Button } from '@/ui/button';
import { complete, kKeys, kValues, type SessionQuery, suggest, type Token, without } from './query';

const kPauseMs = 250;
const kMostSuggestions = 12;

export const kFieldName = 'session-query';

type Props = { text: string; onText: (text: string) => void; agents: string[] };

function useSuggestions(text: string, agents: string[]) {
  const [isOpen, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const all = isOpen ? suggest(text, agents).slice(0, kMostSuggestions) : [];
  return { all, at: Math.min(at, all.length - 1), setAt, setOpen };
}

export function QueryBar({ text, onText, agents }: Props) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState(text);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const told = useRef(text);
  const list = useSuggestions(typed, agents);
  useEffect(() => {
    if (text !== told.current) setTyped(text);
    told.current = text;
  }, [text]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const tell = (next: string, soon: boolean) => {
    setTyped(next);
    list.setAt(-1);
    clearTimeout(timer.current);
    const send = () => {
      told.current = next.trim();
      onText(next.trim());
    };
    if (soon) send();
    else timer.current = setTimeout(send, kPauseMs);
  };
  const take = (suggestion: string) => {
    tell(complete(typed, suggestion), false);
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const chosen = list.all[list.at];
    if (event.key === 'ArrowDown' && list.all.length > 0) list.setAt((list.at + 1) % list.all.length);
    else if (event.key === 'ArrowUp' && list.all.length > 0)
      list.setAt((list.at <= 0 ? list.all.length : list.at) - 1);
    else if (event.key === 'Enter' || (event.key === 'Tab' && chosen)) {
      if (chosen) take(chosen);
      else {
        tell(typed, true);
        list.setOpen(false);
        document.querySelector<HTMLElement>('[role=grid]')?.focus();
      }
    } else if (event.key === 'Escape') {
      if (list.all.length > 0) list.setOpen(false);
      else if (typed) tell('', true);
      else field.current?.blur();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="relative min-w-0 flex-1 basis-72">
      <input
        ref={field}
        type="search"
        name={kFieldName}
        role="combobox"
        autoComplete="off"
        spellCheck={false}
        aria-label={t('sessions.query')}
        aria-expanded={list.all.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={list.at >= 0 ? `${id}-${list.at}` : undefined}
        placeholder={t('sessions.query.hint')}
        value={typed}
        onChange={(event) => {
          list.setOpen(true);
          tell(event.target.value, false);
        }}
        onFocus={() => list.setOpen(true)}
        onBlur={() => list.setOpen(false)}
        onKeyDown={onKeyDown}
        className="h-8 w-full rounded-control border border-control bg-surface px-2.5 text-dense placeholder:text-text-3"
      />
      <div
        id={`${id}-list`}
        role="listbox"
        aria-label={t('sessions.query.suggestions')}
        className={cx(
          'absolute top-9 left-0 z-20 flex max-w-full flex-wrap gap-1 rounded-card border border-line bg-raised p-1.5 shadow-float',
          list.all.length === 0 && 'hidden',
        )}
      >
        {list.all.map((one, index) => (
          <div
            key={one}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === list.at}
            onMouseDown={(event) => {
              event.preventDefault();
              take(one);
            }}
            className={cx(
              'cursor-pointer rounded-control px-2 py-1 font-mono text-label hover:bg-accent-soft',
              index === list.at ? 'bg-accent-soft' : 'bg-sunken',
            )}
          >
            {one}
          </div>
        ))}
      </div>
    </div>
  );
}

function problemText(token: Token): string {
  const { key, text } = token;
  if (token.problem === 'key') return t('sessions.problem.key', { key, keys: kKeys.join(', ') });
  if (token.problem === 'number') return t('sessions.problem.number', { key, text });
  if (token.problem === 'time') return t('sessions.problem.time', { text });
  if (token.problem === 'operator') return t('sessions.problem.operator', { key });
  const values = kValues[key];
  return values && token.value
    ? t('sessions.problem.value', { text, values: values.join(', ') })
    : t('sessions.problem.novalue', { text });
}

export function FilterChips({
  query,
  text,
  onText,
}: {
  query: SessionQuery;
  text: string;
  onText: (text: string) => void;
}) {
  const filters = query.filters.length + (query.words ? 1 : 0);
  if (filters === 0) return null;
  return (
    <>
      {query.filters.map((token) => (
        <span
          key={token.text}
          className={cx(
            'inline-flex h-7 items-center gap-1 rounded-full pr-1 pl-2.5 font-mono text-label',
            token.problem ? 'bg-bad-soft text-bad' : 'bg-accent-soft text-accent',
          )}
        >
          {token.text}
          <button
            type="button"
            aria-label={t('sessions.filter.remove', { filter: token.text })}
            onClick={() => onText(without(text, token))}
            className="inline-flex size-6 items-center justify-center rounded-full hover:bg-surface"
          >
            <X size={12} aria-hidden />
          </button>
        </span>
      ))}
      <Button small kind="quiet" onClick={() => onText('')}>
        {t('sessions.clear', { count: filters })}
      </Button>
    </>
  );
}

export function FilterProblems({ problems }: { problems: Token[] }) {
  if (problems.length === 0) return null;
  return (
    <div role="alert" className="pb-2 text-label text-bad">
      {problems.map((token) => (
        <p key={token.text}>{problemText(token)}</p>
      ))}
    </div>
  );
}
