// SPDX-License-Identifier: MIT
import { Problem, Unreachable } from '@/api/problem';
import { t } from '@/i18n';
import { ErrorNote } from '@/ui/states';
import { isStale } from './working';

const show = (note: HTMLElement | null) => note?.scrollIntoView?.({ block: 'nearest' });

// Why a change was not made, beside what a person entered, and where they see it in a long form.
export function Refused({ error, onDismiss }: { error: unknown; onDismiss?: () => void }) {
  if (!error) return null;
  const isAnswer = error instanceof Problem || error instanceof Unreachable;
  return (
    <div ref={show}>
      <ErrorNote
        {...(isStale(error)
          ? { error: new Error(t('policy.stale.why')), what: t('policy.stale') }
          : { error, what: t(isAnswer ? 'source.failed' : 'rule.cannot') })}
        {...(onDismiss ? { onDismiss } : {})}
      />
    </div>
  );
}

// Said before the whole file is replaced: what nobody has saved yet goes with it.
export function DraftGoes() {
  return (
    <p className="rounded-card border border-warn bg-warn-soft px-3 py-2 text-dense text-warn">
      {t('policy.draft.goes')}
    </p>
  );
}
