// SPDX-License-Identifier: MIT
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { t } from '@/i18n';
import { money } from '@/lib/format';
import { BudgetBar, BudgetMark, budgetName } from '@/parts/budget-bar';
import { Button } from '@/ui/button';
import { Replaces, Select, TextField } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';
import { Card } from '@/ui/page';
import { ErrorNote, Loaded } from '@/ui/states';
import { toast } from '@/ui/toast';
import { type Budget, useBudgets, usePutBudget } from './queries';

const kScopes = ['day', 'month', 'session', 'agent'] as const;

type Draft = { scope: Budget['scope']; subject: string; limit: string; fixed: boolean };

function BudgetDialog({ draft: given, onClose }: { draft: Draft; onClose: () => void }) {
  const [draft, setDraft] = useState(given);
  const put = usePutBudget();
  const budgets = useBudgets();
  const valid = /^\d+(\.\d{1,9})?$/.test(draft.limit.trim()) && Number(draft.limit) > 0;
  const takesSubject = draft.scope === 'session' || draft.scope === 'agent';
  const subject = takesSubject ? draft.subject.trim() : '';
  const present = given.fixed
    ? undefined
    : budgets.data?.find((one) => one.limit && one.scope === draft.scope && (one.subject ?? '') === subject);
  const save = () => {
    if (!valid) return;
    put.mutate(
      { scope: draft.scope, ...(subject ? { subject } : {}), limit: draft.limit.trim() },
      {
        onSuccess: () => {
          toast(t('budgets.saved'));
          onClose();
        },
      },
    );
  };
  return (
    <FormDialog
      title={given.fixed ? t('budgets.edit.name', { name: budgetName(given) }) : t('budgets.add')}
      description={t('budgets.lead')}
      verb={present ? t('budgets.replace') : t('budgets.save')}
      busy={put.isPending}
      valid={valid}
      error={put.error}
      failed={t('budgets.failed')}
      onSave={save}
      onClose={onClose}
    >
      {!given.fixed && (
        <Select
          label={t('budgets.scope')}
          value={draft.scope}
          onChange={(event) => setDraft({ ...draft, scope: event.target.value as Budget['scope'] })}
        >
          {kScopes.map((scope) => (
            <option key={scope} value={scope}>
              {budgetName({ scope, subject: null })}
            </option>
          ))}
        </Select>
      )}
      {!given.fixed && takesSubject && (
        <TextField
          label={t(`budgets.subject.${draft.scope}`)}
          hint={t('budgets.subject.hint')}
          value={draft.subject}
          onChange={(event) => setDraft({ ...draft, subject: event.target.value })}
        />
      )}
      <TextField
        label={t('budgets.limit')}
        hint={
          present && (
            <Replaces
              text={t('budgets.replaces', { name: budgetName(present), limit: money(present.limit) })}
            />
          )
        }
        inputMode="decimal"
        placeholder="5.00"
        error={draft.limit && !valid ? t('budgets.limit.wrong') : undefined}
        value={draft.limit}
        onChange={(event) => setDraft({ ...draft, limit: event.target.value })}
      />
    </FormDialog>
  );
}

function Row({ budget, onEdit }: { budget: Budget; onEdit: () => void }) {
  const put = usePutBudget();
  const name = budgetName(budget);
  // Without a subject there is one limit for each session or agent, and no one sum.
  const counted = budget.spent !== null;
  const to = (limit: string | null) => ({
    scope: budget.scope,
    ...(budget.subject ? { subject: budget.subject } : {}),
    limit,
  });
  const putBack = async () => {
    await put.mutateAsync(to(budget.limit?.amount ?? null));
    toast(t('budgets.saved'));
  };
  const remove = () =>
    put.mutate(to(null), { onSuccess: () => toast(t('budgets.removed'), { undo: putBack }) });
  return (
    <li className="flex flex-col gap-1.5 border-t border-line py-2.5 first:border-t-0 first:pt-0 last:pb-0">
      <div className="flex items-center gap-2 text-dense">
        <span className="font-medium" title={budget.period ?? undefined}>
          {name}
        </span>
        {counted && <BudgetMark budget={budget} />}
        <span className="ml-auto flex">
          <Button small kind="quiet" aria-label={t('budgets.edit.name', { name })} onClick={onEdit}>
            {t('budgets.edit')}
          </Button>
          <Button
            small
            kind="quiet"
            aria-label={t('budgets.remove.name', { name })}
            busy={put.isPending}
            onClick={remove}
          >
            {t('budgets.remove')}
          </Button>
        </span>
      </div>
      {counted && <BudgetBar budget={budget} />}
      <p className="flex justify-between gap-3 text-label text-text-2 tabular-nums">
        <span>
          {counted
            ? t('budgets.bar', { spent: money(budget.spent), limit: money(budget.limit) })
            : t('budgets.each', { limit: money(budget.limit) })}
        </span>
        {Number(budget.reserved?.amount ?? 0) > 0 && (
          <span>{t('budgets.reserved', { reserved: money(budget.reserved) })}</span>
        )}
        {counted && <span>{t('budgets.left', { left: money(budget.left) })}</span>}
      </p>
      {put.isError && <ErrorNote error={put.error} what={t('budgets.failed')} />}
    </li>
  );
}

export function Budgets({
  adding,
  onAdd,
  onClose,
}: {
  adding: boolean;
  onAdd: () => void;
  onClose: () => void;
}) {
  const budgets = useBudgets();
  const [editing, setEditing] = useState<Draft | null>(null);
  return (
    <Card
      title={t('budgets.title')}
      action={
        <Button small icon={Plus} keys="n" onClick={onAdd}>
          {t('budgets.add')}
        </Button>
      }
    >
      <p className="pb-3 text-label text-text-3">{t('budgets.lead')}</p>
      <Loaded
        query={budgets}
        what={t('budgets.what')}
        rows={3}
        empty={(rows) => rows.length === 0 && <p className="text-dense text-text-2">{t('budgets.none')}</p>}
      >
        {(rows) => (
          <ul>
            {rows.map((budget) => (
              <Row
                key={`${budget.scope}${budget.subject}`}
                budget={budget}
                onEdit={() =>
                  setEditing({
                    scope: budget.scope,
                    subject: budget.subject ?? '',
                    limit: budget.limit?.amount ?? '',
                    fixed: true,
                  })
                }
              />
            ))}
          </ul>
        )}
      </Loaded>
      {adding && (
        <BudgetDialog draft={{ scope: 'day', subject: '', limit: '', fixed: false }} onClose={onClose} />
      )}
      {editing && <BudgetDialog draft={editing} onClose={() => setEditing(null)} />}
    </Card>
  );
}
