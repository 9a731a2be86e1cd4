// SPDX-License-Identifier: MIT
import { t } from '@/i18n';
import { Status } from '@/ui/status';
import { Time } from '@/ui/time';
import { ExactText } from './exact-text';
import type { Approval } from './use-approval-answer';

// How it ended, and by whom. An answer of somebody else is no error: it is said as what it is.
export function ApprovalOutcome({ approval, byOther }: { approval: Approval; byOther: boolean }) {
  const { state } = approval;
  return (
    <div role="status" className="flex flex-col gap-1 border-t border-line px-4 py-2.5 text-dense">
      {byOther && <p className="font-medium text-info">{t('card.other')}</p>}
      <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <Status state={state} />
        {state !== 'pending' && (
          <span className="font-medium">
            {t(`card.settled.${state}`, state === 'approved' ? { scope: approval.scope ?? 'once' } : {})}
          </span>
        )}
        {approval.resolved_by && state !== 'expired' && state !== 'superseded' && (
          <span className="text-text-2">{t('card.settled.by', { by: approval.resolved_by })}</span>
        )}
        {approval.resolved_at && (
          <span className="text-text-3">
            <Time at={approval.resolved_at} />
          </span>
        )}
      </p>
      {approval.answer_reason && (
        <p className="text-text-2">
          {t('card.settled.reason')}: <ExactText text={approval.answer_reason} />
        </p>
      )}
    </div>
  );
}
