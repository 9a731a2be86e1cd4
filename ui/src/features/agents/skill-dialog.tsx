// SPDX-License-Identifier: MIT
// One skill: its text and files, what is wrong with it; one that the user installed can be changed and removed.
import { useState } from 'react';
import type { Schemas } from '@/api/client';
import { t } from '@/i18n';
import { Button } from '@/ui/button';
import { Confirm, Dialog } from '@/ui/dialog';
import { ErrorNote, Loaded } from '@/ui/states';
import { toast } from '@/ui/toast';
import { useRemoveSkill, useSkill, useSkillFiles } from './queries';
import { SkillEditor } from './skill-editor';

type View = Schemas['SkillView'];

function Shown({ view }: { view: View }) {
  const wrong = [
    ...view.problems.map((one) =>
      t('skills.check.line', { line: one.line, message: `${one.field}: ${one.message}` }),
    ),
    ...view.missing.map((one) => t('skills.missing', { what: one })),
  ];
  return (
    <div className="flex flex-col gap-3">
      <p className="text-dense text-text-2">{view.description}</p>
      {wrong.length > 0 && (
        <ul className="rounded-card border border-warn bg-warn-soft p-2 text-dense text-text">
          {wrong.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
      )}
      <pre className="max-h-[50vh] overflow-auto rounded-card border border-line bg-sunken p-3 font-mono text-label whitespace-pre-wrap">
        {view.text}
      </pre>
      <p className="text-label font-medium text-text-2">{t('skills.files')}</p>
      <ul className="font-mono text-label text-text-2">
        {view.files.map((file) => (
          <li key={file}>{file}</li>
        ))}
      </ul>
      {view.source !== 'user' && (
        <p className="text-label text-text-3">
          {t(`skills.readonly.${view.source}`, { folder: view.folder })}
        </p>
      )}
    </div>
  );
}

// Its other files come first: a skill is replaced as a whole, and none may get lost.
function Edit({ view, onClose }: { view: View; onClose: () => void }) {
  // As they were when the dialog opened: what is typed outlives a refetch.
  const [paths] = useState(() => view.files.filter((file) => file !== 'SKILL.md'));
  const files = useSkillFiles(view.name, paths);
  if (files.data) return <SkillEditor skill={view} others={files.data} onClose={onClose} />;
  if (files.isError)
    return (
      <Dialog open onClose={onClose} title={t('skills.edit', { name: view.name })}>
        <ErrorNote error={files.error} what={t('skills.view.failed')} retry={() => void files.refetch()} />
      </Dialog>
    );
  return null;
}

function Remove({ name, onClose, onGone }: { name: string; onClose: () => void; onGone: () => void }) {
  const remove = useRemoveSkill();
  return (
    <Confirm
      open
      onClose={onClose}
      busy={remove.isPending}
      title={t('skills.rm.title', { name })}
      effect={t('skills.rm.effect')}
      verb={t('skills.rm')}
      onConfirm={() =>
        remove.mutate(name, {
          onSuccess: () => {
            toast(t('skills.removed', { name }));
            onGone();
          },
        })
      }
    >
      {remove.isError ? <ErrorNote error={remove.error} what={t('skills.rm.failed')} /> : undefined}
    </Confirm>
  );
}

export function SkillDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const skill = useSkill(name);
  const [doing, setDoing] = useState<'edit' | 'remove' | null>(null);
  const view = skill.data;
  if (doing === 'edit' && view) return <Edit view={view} onClose={() => setDoing(null)} />;
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={t('skills.view', { name })}
      footer={
        view?.source === 'user' && (
          <>
            <span className="mr-auto">
              <Button kind="danger" onClick={() => setDoing('remove')}>
                {t('skills.rm')}
              </Button>
            </span>
            <Button kind="primary" onClick={() => setDoing('edit')}>
              {t('skills.change')}
            </Button>
          </>
        )
      }
    >
      <Loaded query={skill} what={t('skills.view.failed')}>
        {(data) => <Shown view={data} />}
      </Loaded>
      {doing === 'remove' && <Remove name={name} onClose={() => setDoing(null)} onGone={onClose} />}
    </Dialog>
  );
}
