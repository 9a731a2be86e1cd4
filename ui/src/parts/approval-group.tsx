// SPDX-License-Identifier: MIT
// Calls of one plan that wait together: one answer for all of them, once, each bound to exactly what its card shows. What needs a look
// of its own (not shown whole, asked again, high risk) stays out of "allow all".
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId } from 'react';
import { api, take } from '@/api/client';
import { addMessages, t } from '@/i18n';
import { cx } from '@/lib/cx';
import { Button } from '@/ui/button';
import { ErrorNote } from '@/ui/states';
import { ApprovalCard } from './approval-card';
import { approvalMessages } from './approval-messages';
import type { Approval } from './use-approval-answer';
import { useArmed } from './use-armed';

addMessages(approvalMessages);

const kMaxPlan = 20;
const kStale = ['approvals', 'status', 'turns'];

const keyOf = ({ state, plan_id, id }: Approval) => (state === 'pending' && plan_id ? plan_id : id);

// The same as long as one of its calls waits, whichever of them are answered meanwhile.
export const groupKey = (group: Approval[]): string => (group[0] ? keyOf(group[0]) : '');

// Pending approvals in the order they were asked; those that share a plan stand together.
export function groupApprovals(approvals: Approval[]): Approval[][] {
  const groups = new Map<string, Approval[]>();
  for (const approval of approvals) {
    const key = keyOf(approval);
    groups.set(key, [...(groups.get(key) ?? []), approval]);
  }
  return [...groups.values()];
}

export function ApprovalGroup({
  approvals,
  autoFocus = false,
  onSettled,
}: {
  approvals: Approval[];
  autoFocus?: boolean;
  onSettled?: () => void;
}) {
  const queries = useQueryClient();
  const title = useId();
  const pending = approvals.filter((approval) => approval.state === 'pending');
  // A card more or less, and the button is about other calls and stands elsewhere.
  const beside = pending.map((approval) => approval.id).join();
  const [armed] = useArmed(beside);
  const answer = useMutation({
    mutationFn: (decision: 'approve' | 'deny') =>
      take(
        api.POST('/api/v1/approvals/plan', {
          body: { decision, approval_ids: pending.map((approval) => approval.id) },
        }),
      ),
    onSuccess: () => onSettled?.(),
    onSettled: () => {
      for (const key of kStale) void queries.invalidateQueries({ queryKey: [key] });
    },
  });
  const cards = approvals.map((approval, index) => (
    <ApprovalCard
      key={approval.id}
      approval={approval}
      autoFocus={autoFocus && index === 0}
      beside={beside}
      {...(onSettled ? { onSettled } : {})}
    />
  ));
  const isPlan = pending.length > 1;
  const held = pending.some((approval) => !approval.shown_whole || approval.changes.length > 0);
  const high = pending.some((approval) => approval.risk === 'high');
  // One element with the cards in one place, however many wait: what is typed on a card stays when the one beside it is answered.
  return (
    <section
      aria-labelledby={isPlan ? title : undefined}
      className={cx(
        'flex min-w-0 flex-col',
        isPlan ? 'gap-2 rounded-card border border-dashed border-warn p-2' : 'gap-3',
      )}
    >
      {cards}
      {isPlan && answer.isError && <ErrorNote error={answer.error} what={t('card.failed')} />}
      {isPlan && (
        <footer className="flex flex-wrap items-center gap-2 px-2 py-1">
          <div className="min-w-0 flex-1 basis-60">
            <h3 id={title} className="text-body font-semibold">
              {t('card.plan.title', { count: pending.length })}
            </h3>
            <p className="text-label text-text-2">
              {held ? t('card.plan.held') : high ? t('card.plan.high') : t('card.plan.hint')}
            </p>
          </div>
          <Button busy={answer.isPending} onClick={() => answer.mutate('deny')}>
            {t('card.plan.deny')}
          </Button>
          <Button
            kind="primary"
            busy={answer.isPending}
            disabled={held || high || !armed || pending.length > kMaxPlan}
            onClick={() => answer.mutate('approve')}
          >
            {t('card.plan.allow')}
          </Button>
        </footer>
      )}
    </section>
  );
}
