// SPDX-License-Identifier: MIT
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { t } from '@/i18n';
import { Button } from '@/ui/button';
import { TextArea } from '@/ui/field';
import { ErrorNote } from '@/ui/states';
import { draft, endDraft, keepDraft } from './draft';
import type { StepProps } from './onboarding-page';
import { useStartTask, useStatus, useWorkspaces } from './queries';
import { StepFooter } from './step-footer';

export function TaskStep({ workspace, onBack }: StepProps) {
  const navigate = useNavigate();
  const status = useStatus();
  const workspaces = useWorkspaces();
  const start = useStartTask();
  const model = status.data?.default_model ?? '';
  const example = t(model.startsWith('starter/') ? 'welcome.task.example.starter' : 'welcome.task.example');
  const [text, setText] = useState(draft().task ?? null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    start.mutate(
      { workspace, text: text ?? example },
      {
        onSuccess: (session) => {
          endDraft();
          void navigate({ to: '/chat/$session', params: { session: session.id } });
        },
      },
    );
  };
  const where = workspaces.data?.items.find((one) => one.id === workspace)?.path ?? t('welcome.task.private');
  return (
    <form onSubmit={submit}>
      <h2 className="text-h3 font-semibold">{t('welcome.task.title')}</h2>
      <p className="mt-1 mb-4 text-body text-text-2">{t('welcome.task.why', { model, workspace: where })}</p>
      <TextArea
        label={t('welcome.task.prompt')}
        value={text ?? example}
        onChange={(event) => {
          setText(event.target.value);
          keepDraft({ task: event.target.value });
        }}
        required
      />
      <Button kind="primary" type="submit" className="mt-3" busy={start.isPending}>
        {t('welcome.task.go')}
      </Button>
      {start.isError && <ErrorNote error={start.error} what={t('welcome.task.failed')} />}
      <StepFooter onBack={onBack} />
    </form>
  );
}
