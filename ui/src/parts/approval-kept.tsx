// SPDX-License-Identifier: MIT
// The note after an answer that lasts: the rule in full, what it would have answered so far, the way to it and the way back.
import type { QueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, type Schemas, take } from '@/api/client';
import { t } from '@/i18n';
import { toast } from '@/ui/toast';

export const previewKey = (approvalId: string, rule: string) => ['approvals', 'preview', approvalId, rule];

async function takeBack(approvalId: string): Promise<void> {
  const { items } = await take(api.GET('/api/v1/grants'));
  const grant = items.find((one) => one.approval_id === approvalId);
  if (grant) await take(api.DELETE('/api/v1/grants/{id}', { params: { path: { id: grant.id } } }));
}

export function tellKept(
  approvalId: string,
  rule: string,
  scope: 'session' | 'always',
  queries: QueryClient,
): void {
  // It was looked at before it was saved; one key takes the suggested rule without a look.
  const preview = queries.getQueryData<Schemas['RulePreview']>(previewKey(approvalId, rule));
  const matched = preview?.looked_at
    ? t('card.kept.matched', { matched: preview.would_have_matched, total: preview.looked_at })
    : '';
  toast([t('card.kept', { rule, scope }), matched].filter(Boolean).join(' '), {
    link: (
      <Link
        to="/policy"
        search={{ tab: 'lists', grant: approvalId }}
        className="font-medium text-accent underline"
      >
        {t('card.kept.show')}
      </Link>
    ),
    undo: async () => {
      await takeBack(approvalId);
      void queries.invalidateQueries({ queryKey: ['grants'] });
      toast(t('card.kept.undone', { rule }));
    },
  });
}
