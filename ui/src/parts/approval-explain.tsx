// SPDX-License-Identifier: MIT
// Why a call asks, without leaving the card: how risky its tool is, which rules were looked at, what the answer is bound to.
import { useQuery } from '@tanstack/react-query';
import { api, take } from '@/api/client';
import { t } from '@/i18n';
import { cx } from '@/lib/cx';
import { Facts } from '@/ui/page';
import { ErrorNote, Waiting } from '@/ui/states';
import { labelsToTell } from './approval-facts';
import { ExactText } from './exact-text';
import type { Approval } from './use-approval-answer';

export function useDecision(approval: Approval, on: boolean) {
  return useQuery({
    queryKey: ['policy', 'explain', approval.id],
    enabled: on,
    queryFn: () =>
      take(
        api.POST('/api/v1/policy/test', {
          body: {
            tool: approval.tool,
            arguments: approval.arguments as Record<string, never>,
            labels: approval.labels,
            session_id: approval.session_id,
          },
        }),
      ),
  });
}

function Rules({ approval }: { approval: Approval }) {
  const decision = useDecision(approval, true);
  if (decision.isError)
    return (
      <ErrorNote
        error={decision.error}
        what={t('card.explain.failed')}
        retry={() => void decision.refetch()}
      />
    );
  if (!decision.data) return <Waiting of={[decision]} rows={3} />;
  // Rules of other tools say nothing about this call.
  const looked = decision.data.considered.filter((rule) => rule.outcome !== 'another tool');
  return (
    <ol className="flex flex-col rounded-control border border-line bg-surface text-label">
      {looked.map((rule) => {
        const decides = rule.outcome === 'decides';
        return (
          <li
            key={`${rule.step} ${rule.layer} ${rule.rule}`}
            className={cx(
              'flex flex-wrap gap-x-3 px-2 py-1 not-first:border-t not-first:border-line',
              decides ? 'bg-accent-soft font-medium' : 'text-text-2',
            )}
          >
            <span className="w-28 shrink-0 text-text-3">{rule.layer}</span>
            <span className="min-w-0 flex-1 break-words">{rule.rule}</span>
            <span className={decides ? 'text-accent' : 'text-text-3'}>
              {decides ? t('card.explain.decides') : rule.outcome}
            </span>
          </li>
        );
      })}
    </ol>
  );
}

export function ExplainPanel({ approval }: { approval: Approval }) {
  const tool = useQuery({
    queryKey: ['tools', approval.tool],
    queryFn: () => take(api.GET('/api/v1/tools/{name}', { params: { path: { name: approval.tool } } })),
  });
  const read = labelsToTell(approval.labels);
  return (
    <section
      aria-label={t('card.explain')}
      className="flex flex-col gap-3 border-t border-line bg-bg px-4 py-3 text-dense"
    >
      <p>{t(`card.explain.risk.${approval.risk ?? 'none'}`)}</p>
      <Facts
        facts={[
          [t('card.explain.tool'), tool.data?.description ?? approval.tool],
          [t('card.read'), read.length > 0 ? read.join(', ') : t('card.read.none')],
        ]}
      />
      <div className="flex flex-col gap-1">
        <h3 className="text-label font-medium text-text-2">{t('card.explain.rules')}</h3>
        <Rules approval={approval} />
      </div>
      <details>
        <summary className="inline-flex min-h-6 items-center text-label text-text-2 underline">
          {t('card.explain.bound')}
        </summary>
        <pre className="mt-1 max-h-60 overflow-auto rounded-control bg-sunken p-2 font-mono text-label">
          <ExactText text={`${approval.call_hash}\n${JSON.stringify(approval.bound, null, 2)}`} />
        </pre>
      </details>
    </section>
  );
}
