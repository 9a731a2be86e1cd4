// SPDX-License-Identifier: MIT
// "Always": the literal rule, to be edited, with what it would have answered in the past, where it counts and until when.
import { useQuery } from '@tanstack/react-query';
import { RotateCcw } from 'lucide-react';
import { useEffect, useId, useRef, useState } from 'react';
import { api, type Schemas, take } from '@/api/client';
import { Problem } from '@/api/problem';
import { t } from '@/i18n';
import { cx } from '@/lib/cx';
import { useKept } from '@/lib/kept';
import { Button } from '@/ui/button';
import { Select } from '@/ui/field';
import { Status } from '@/ui/status';
import { Time } from '@/ui/time';
import { previewKey } from './approval-kept';
import { ExactText } from './exact-text';
import type { Approval } from './use-approval-answer';

const kTypingMs = 250;
const kLifetimes = ['1d', '7d', '30d', '365d'];

function useRulePreview(approval: Approval, rule: string) {
  const [settledRule, setSettledRule] = useState(rule);
  useEffect(() => {
    const timer = setTimeout(() => setSettledRule(rule), kTypingMs);
    return () => clearTimeout(timer);
  }, [rule]);
  const query = useQuery({
    queryKey: previewKey(approval.id, settledRule),
    queryFn: () =>
      take(
        api.POST('/api/v1/approvals/{id}/preview', {
          params: { path: { id: approval.id } },
          body: { rule: settledRule },
        }),
      ),
    placeholderData: (before) => before,
  });
  return { query, typing: rule !== settledRule };
}

function Samples({ preview }: { preview: Schemas['RulePreview'] }) {
  if (preview.looked_at === 0)
    return <p className="text-label text-text-3">{t('card.always.preview.none')}</p>;
  return (
    <div className="flex flex-col gap-1">
      <p className="text-label text-text-2">
        {t('card.always.preview', { matched: preview.would_have_matched, total: preview.looked_at })}
      </p>
      {preview.samples.length > 0 && (
        <ul className="max-h-32 overflow-y-auto rounded-control border border-line bg-surface">
          {preview.samples.map((sample) => (
            <li
              key={sample.approval_id}
              className="flex items-center gap-3 px-2 py-1 text-label not-first:border-t not-first:border-line"
            >
              <span className="min-w-0 flex-1 truncate font-mono" title={sample.rendering}>
                <ExactText text={sample.rendering} />
              </span>
              <Status state={sample.state} bare />
              <Time at={sample.created_at} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

export type Lasting = { scope: 'session' | 'always'; rule: string; expires: string };

export function AlwaysPanel({
  approval,
  suggested,
  autoFocus,
  busy,
  held,
  onSave,
  onCancel,
}: {
  approval: Approval;
  suggested: string;
  // A person opened it now; one that comes back with its card leaves the focus where it is.
  autoFocus: boolean;
  busy: boolean;
  // Why it may not be saved yet: the code of a call that is not shown whole.
  held: boolean;
  onSave: (lasting: Lasting) => void;
  onCancel: () => void;
}) {
  const [rule, setRule] = useKept(`approval.${approval.id}.rule`, suggested);
  const [scope, setScope] = useKept<Lasting['scope']>(`approval.${approval.id}.scope`, 'always');
  const [expires, setExpires] = useKept(`approval.${approval.id}.expires`, '30d');
  const { query, typing } = useRulePreview(approval, rule);
  const field = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it is opened
  useEffect(() => {
    if (autoFocus) field.current?.focus();
  }, []);
  const wrong = query.error instanceof Problem ? query.error.message : null;
  const misses = !wrong && query.data?.matches_call === false;
  const mayNot = held || typing || query.isFetching || Boolean(wrong) || misses || !rule.trim();
  return (
    <section
      aria-label={t('card.always.title')}
      className="flex flex-col gap-3 border-t border-line bg-bg px-4 py-3"
    >
      <div className="flex flex-col gap-1">
        <div className="flex items-center justify-between gap-2">
          <label htmlFor={id} className="text-label font-medium text-text-2">
            {t('card.always.rule')}
          </label>
          {rule !== suggested && (
            <Button small kind="quiet" icon={RotateCcw} onClick={() => setRule(suggested)}>
              {t('card.always.reset')}
            </Button>
          )}
        </div>
        <textarea
          id={id}
          ref={field}
          rows={Math.min(4, Math.max(1, Math.ceil(rule.length / 70)))}
          value={rule}
          spellCheck={false}
          aria-invalid={wrong || misses ? true : undefined}
          aria-describedby={`${id}-hint`}
          onChange={(event) => setRule(event.target.value.replaceAll('\n', ' '))}
          className={cx(
            'w-full rounded-control border bg-surface px-2 py-1.5 font-mono text-dense',
            wrong || misses ? 'border-bad' : 'border-control',
          )}
        />
        <p id={`${id}-hint`} className={cx('text-label', wrong || misses ? 'text-bad' : 'text-text-3')}>
          {wrong ?? (misses ? t('card.always.miss') : t('card.always.rule.hint'))}
        </p>
      </div>
      {query.data && !wrong && <Samples preview={query.data} />}
      <div className="grid gap-3 sm:grid-cols-2">
        <Select
          label={t('card.always.scope')}
          hint={t('card.always.scope.hint')}
          value={scope}
          onChange={(event) => setScope(event.target.value === 'session' ? 'session' : 'always')}
        >
          <option value="session">{t('card.always.scope.session')}</option>
          <option value="always">{t('card.always.scope.always')}</option>
        </Select>
        <Select
          label={t('card.always.expires')}
          value={expires}
          onChange={(event) => setExpires(event.target.value)}
        >
          {kLifetimes.map((lifetime) => (
            <option key={lifetime} value={lifetime}>
              {t(`card.always.expires.${lifetime}`)}
            </option>
          ))}
        </Select>
      </div>
      <div className="flex flex-wrap items-center gap-2">
        <Button onClick={onCancel} keys="escape">
          {t('card.cancel')}
        </Button>
        <Button
          kind="primary"
          busy={busy}
          disabled={mayNot}
          onClick={() => onSave({ scope, rule, expires })}
          className="h-auto! min-h-8 min-w-0 py-1"
        >
          <span className="min-w-0 text-left break-all whitespace-normal">
            {t('card.always.save', { rule })}
          </span>
        </Button>
      </div>
    </section>
  );
}
