// SPDX-License-Identifier: MIT
// One skill: its text and files, what is wrong with it; one that the user installed can be changed and removed.
import { useState } from 'react';
import type { Schemas } from '@/api/client';
import { t } from '@/i18n';
import { RemoveDialog } from '@/parts/remove-dialog';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { Loaded } from '@/ui/states';
import { Opening } from './opening';
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
  return (
    <Opening
      query={files}
      title={t('skills.edit', { name: view.name })}
      what={t('skills.view.failed')}
      onClose={onClose}
    >
      {(others) => <SkillEditor skill={view} others={others} onClose={onClose} />}
    </Opening>
  );
}

export function SkillDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const skill = useSkill(name);
  const remove = useRemoveSkill();
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
      {doing === 'remove' && (
        <RemoveDialog
          kind="skills"
          name={name}
          id={name}
          remove={remove}
          onClose={() => setDoing(null)}
          onGone={onClose}
        />
      )}
    </Dialog>
  );
}
