// SPDX-License-Identifier: MIT
import { type FormEvent, useState } from 'react';
import { t } from '@/i18n';
import { lastWorkspace } from '@/lib/preferences';
import { Button } from '@/ui/button';
import { TextField } from '@/ui/field';
import { ErrorNote, Loaded } from '@/ui/states';
import { Chip } from '@/ui/status';
import { draft, keepDraft } from './draft';
import type { StepProps } from './onboarding-page';
import { useAddWorkspace, useWorkspaces } from './queries';
import { StepFooter } from './step-footer';

export function WorkspaceStep({ workspace: chosen, onNext, onBack }: StepProps) {
  const workspaces = useWorkspaces();
  const add = useAddWorkspace();
  const current = chosen ?? lastWorkspace();
  const [path, setPath] = useState(draft().folder ?? '');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate(path, { onSuccess: (workspace) => onNext(workspace.id) });
  };
  return (
    <>
      <h2 className="text-h3 font-semibold">{t('welcome.workspace.title')}</h2>
      <p className="mt-1 mb-4 text-body text-text-2">{t('welcome.workspace.why')}</p>
      <form onSubmit={submit} className="flex flex-wrap items-end gap-2">
        <div className="min-w-60 flex-1">
          <TextField
            label={t('welcome.workspace.path')}
            hint={t('welcome.workspace.hint')}
            value={path}
            onChange={(event) => {
              setPath(event.target.value);
              keepDraft({ folder: event.target.value });
            }}
            spellCheck={false}
            required
          />
        </div>
        <Button kind="primary" type="submit" busy={add.isPending} className="mb-5">
          {t('welcome.workspace.add')}
        </Button>
      </form>
      {add.isError && <ErrorNote error={add.error} what={t('welcome.workspace.failed')} />}
      <Loaded query={workspaces} what={t('welcome.workspace.error')} rows={2}>
        {(data) => {
          const known = data.items
            .filter((workspace) => !workspace.private)
            .sort((a, b) => Number(b.id === current) - Number(a.id === current));
          if (known.length === 0) return null;
          return (
            <section aria-label={t('welcome.workspace.known')} className="mt-4">
              <h3 className="mb-2 text-label font-medium text-text-2">{t('welcome.workspace.known')}</h3>
              <ul className="flex flex-col gap-2">
                {known.slice(0, 8).map((workspace) => (
                  <li
                    key={workspace.id}
                    className="flex items-center gap-3 rounded-card border border-line bg-surface px-3 py-2"
                  >
                    <span className="min-w-0 flex-1">
                      <span className="font-medium">{workspace.name}</span>{' '}
                      <span className="font-mono text-label break-all text-text-3">{workspace.path}</span>
                    </span>
                    {workspace.id === current && <Chip tone="info" text={t('welcome.workspace.now')} />}
                    <Button small onClick={() => onNext(workspace.id)}>
                      {t('welcome.workspace.use', { name: workspace.name })}
                    </Button>
                  </li>
                ))}
              </ul>
            </section>
          );
        }}
      </Loaded>
      <StepFooter onBack={onBack} onSkip={() => onNext()} />
    </>
  );
}
