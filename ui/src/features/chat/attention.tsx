// SPDX-License-Identifier: MIT
// A step whose outcome nobody knows: a person says whether it is done again, counts as done, or ends the turn.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { api, type Schemas, take } from '@/api/client';
import { t } from '@/i18n';
import { forgetKept, useKept } from '@/lib/kept';
import { ExactText } from '@/parts/exact-text';
import { Button } from '@/ui/button';
import { TextArea } from '@/ui/field';
import { ErrorNote } from '@/ui/states';
import type { Turn } from './queries';
import { prettyJson } from './tool-text';

type Resolution = Schemas['ResumeRequest']['resolution'];

export function Attention({ turn }: { turn: Turn }) {
  const queries = useQueryClient();
  const step = turn.steps.find((one) => one.state === 'unknown');
  const kept = `attention.${turn.id}.${step?.id}`;
  const [result, setResult] = useKept<string | null>(kept, null);
  // It comes back with its row when one scrolls; only who opens it is taken there.
  const isOpener = useRef(false);
  const open = () => {
    isOpener.current = true;
    setResult('');
  };
  const resume = useMutation({
    mutationFn: (resolution: Resolution) =>
      take(
        api.POST('/api/v1/turns/{id}/resume', {
          params: { path: { id: turn.id } },
          body: {
            step_id: step?.id ?? '',
            resolution,
            ...(resolution === 'treat_as_done' && result ? { result } : {}),
          },
        }),
      ),
    onSuccess: (next) => {
      forgetKept(kept);
      queries.setQueryData(['turns', turn.id], next);
      void queries.invalidateQueries({ queryKey: ['messages', turn.session_id] });
    },
  });
  if (!step) return null;
  return (
    <section
      aria-label={t('chat.attention')}
      className="my-3 flex flex-col gap-3 rounded-card border border-warn bg-warn-soft p-4 text-dense"
    >
      <div>
        <p className="font-medium text-warn">△ {t('chat.attention')}</p>
        <p className="mt-1">{t('chat.attention.why', { tool: step.tool ?? step.kind })}</p>
      </div>
      {step.arguments && (
        <section
          tabIndex={0}
          aria-label={t('chat.tool.input')}
          className="max-h-40 overflow-auto rounded-control border border-line bg-surface px-2 py-1 font-mono text-label whitespace-pre-wrap"
        >
          <ExactText text={prettyJson(step.arguments)} />
        </section>
      )}
      {result !== null && (
        <TextArea
          label={t('chat.attention.result')}
          hint={t('chat.attention.result.hint')}
          rows={2}
          autoFocus={isOpener.current}
          value={result}
          onChange={(event) => setResult(event.target.value)}
        />
      )}
      {resume.isError && <ErrorNote error={resume.error} what={t('chat.attention.failed')} />}
      <div className="flex flex-wrap gap-2">
        <Button busy={resume.isPending} onClick={() => resume.mutate('retry')}>
          {t('chat.attention.retry')}
        </Button>
        <Button
          busy={resume.isPending}
          onClick={() => (result === null ? open() : resume.mutate('treat_as_done'))}
        >
          {t('chat.attention.done')}
        </Button>
        <Button busy={resume.isPending} onClick={() => resume.mutate('abandon')}>
          {t('chat.attention.abandon')}
        </Button>
      </div>
    </section>
  );
}
