// SPDX-License-Identifier: MIT
// Answering an approval. The first answer wins: when somebody else was first, theirs is what is shown.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, type Schemas, take } from '@/api/client';
import { Problem } from '@/api/problem';
import { tellKept } from './approval-kept';

export type Approval = Schemas['Approval'];
export type Answer = Schemas['ResolutionRequest'];
export type Settled = { approval: Approval; byOther: boolean };

const one = (id: string) => take(api.GET('/api/v1/approvals/{id}', { params: { path: { id } } }));

async function send(id: string, body: Answer): Promise<Settled> {
  try {
    const approval = await take(api.POST('/api/v1/approvals/{id}', { params: { path: { id } }, body }));
    return { approval, byOther: false };
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 409) throw error;
    const approval = await one(id);
    // It ran out a moment ago and the daemon has not written that down yet.
    if (approval.state === 'pending') return { approval: { ...approval, state: 'expired' }, byOther: false };
    return { approval, byOther: true };
  }
}

// What became stale with an answer. The bus says so too, but not while it is away.
const kStale = ['approvals', 'grants', 'status', 'turns'];

export function useApprovalAnswer(approval: Approval, onSettled: (() => void) | undefined) {
  const queries = useQueryClient();
  const [settled, setSettled] = useState<Settled | null>(null);
  const mutation = useMutation({
    mutationFn: (body: Answer) => send(approval.id, body),
    onSuccess: (outcome, body) => {
      setSettled(outcome);
      if (!outcome.byOther && (body.scope === 'session' || body.scope === 'always'))
        tellKept(approval.id, body.rule ?? approval.rule_suggestion ?? '', body.scope, queries);
      for (const key of kStale) void queries.invalidateQueries({ queryKey: [key] });
      onSettled?.();
    },
  });
  // What the page was told since counts more than what this card remembers.
  const current = approval.state === 'pending' && settled ? settled : { approval, byOther: settled?.byOther };
  return {
    approval: current.approval,
    byOther: Boolean(current.byOther),
    answer: mutation.mutate,
    busy: mutation.isPending,
    error: mutation.error,
  };
}
