// SPDX-License-Identifier: MIT
// Workspace, model, first task. The step is in the address, and kept for the next visit, so it can be left and taken up again; what was
// chosen is the daemon's to keep.
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect } from 'react';
import { addMessages, t } from '@/i18n';
import { cx } from '@/lib/cx';
import { setLastWorkspace } from '@/lib/preferences';
import { Page } from '@/ui/page';
import { draft, keepDraft } from './draft';
import { onboardingMessages } from './messages';
import { ModelStep } from './model-step';
import { TaskStep } from './task-step';
import { WorkspaceStep } from './workspace-step';

addMessages(onboardingMessages);

const kSteps = ['workspace', 'model', 'task'] as const;
export type StepProps = {
  workspace: string | undefined;
  onNext: (workspace?: string) => void;
  onBack: (() => void) | undefined;
};

function Steps({ at, onGo }: { at: number; onGo: (step: number) => void }) {
  return (
    <nav aria-label={t('welcome.steps')}>
      <ol className="mb-6 flex flex-wrap gap-2">
        {kSteps.map((step, index) => (
          <li key={step} className="flex-1">
            <button
              type="button"
              aria-current={index === at ? 'step' : undefined}
              onClick={() => onGo(index)}
              className={cx(
                'flex min-h-9 w-full items-center gap-2 border-t-3 pt-1 text-left text-dense',
                index <= at ? 'border-accent text-text' : 'border-line text-text-3',
                index === at && 'font-semibold',
              )}
            >
              <span aria-hidden>{index < at ? '✓' : index + 1}</span>
              {t(`welcome.step.${step}`)}
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}

const kBodies = { workspace: WorkspaceStep, model: ModelStep, task: TaskStep };

export function OnboardingPage() {
  const search: { step?: string; workspace?: string } = useSearch({ strict: false });
  const navigate = useNavigate();
  const resumed = search.step ? search : { ...draft(), ...search };
  const at = Math.max(0, kSteps.indexOf((resumed.step ?? 'workspace') as (typeof kSteps)[number]));
  const chosen = resumed.workspace;
  const step = kSteps[at] ?? 'workspace';
  useEffect(() => keepDraft({ step, ...(chosen ? { workspace: chosen } : {}) }), [step, chosen]);
  const go = (step: number, workspace = chosen) =>
    void navigate({ to: '/welcome', search: { step: kSteps[step] ?? 'task', workspace } });
  const Body = kBodies[step];
  return (
    <Page title={t('welcome.title')} lead={t('welcome.lead')} width="form">
      <Steps at={at} onGo={(step) => go(step)} />
      <Body
        workspace={chosen}
        onNext={(workspace) => {
          if (workspace) setLastWorkspace(workspace);
          go(at + 1, workspace ?? chosen);
        }}
        onBack={at > 0 ? () => go(at - 1) : undefined}
      />
    </Page>
  );
}
