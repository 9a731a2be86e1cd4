// SPDX-License-Identifier: MIT
// A skill of one's own: its SKILL.md pasted, or a folder chosen; checked while it is written, installed whole or not at all.
import { useRef, useState } from 'react';
import type { Schemas } from '@/api/client';
import { t } from '@/i18n';
import { Button } from '@/ui/button';
import { TextArea } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';
import { toast } from '@/ui/toast';
import { usePutSkill } from './queries';
import { checkSkill, filesOf, type SkillFile } from './skill-check';

const kMain = 'SKILL.md';
const kBegin = '---\nname: \ndescription: \n---\n\n';

function Findings({ problems }: { problems: { line: number; message: string }[] }) {
  if (problems.length === 0) return <p className="text-dense text-ok">{t('skills.check.ok')}</p>;
  return (
    <ul className="text-dense text-bad">
      {problems.map((problem) => (
        <li key={problem.line + problem.message}>
          {t('skills.check.line', { line: problem.line, message: t(problem.message) })}
        </li>
      ))}
    </ul>
  );
}

// Files beside SKILL.md, chosen as a folder or by one.
function Choose({ onFiles }: { onFiles: (files: SkillFile[]) => void }) {
  const folder = useRef<HTMLInputElement>(null);
  const file = useRef<HTMLInputElement>(null);
  const take = async (input: HTMLInputElement) => {
    if (input.files?.length) onFiles(await filesOf(input.files));
    input.value = ''; // the same choice again is a change again
  };
  return (
    <div className="flex flex-wrap gap-2">
      <Button small onClick={() => file.current?.click()}>
        {t('skills.choose.file')}
      </Button>
      <Button small onClick={() => folder.current?.click()}>
        {t('skills.choose.folder')}
      </Button>
      <input
        ref={file}
        type="file"
        accept=".md,text/markdown"
        className="hidden"
        aria-label={t('skills.choose.file')}
        onChange={(event) => void take(event.target)}
      />
      <input
        ref={folder}
        type="file"
        multiple
        {...{ webkitdirectory: '' }}
        className="hidden"
        aria-label={t('skills.choose.folder')}
        onChange={(event) => void take(event.target)}
      />
    </div>
  );
}

// `skill` is one that is changed, with the files it has beside its SKILL.md.
export function SkillEditor({
  skill,
  others = [],
  onClose,
}: {
  skill?: Schemas['SkillView'];
  others?: SkillFile[];
  onClose: (name?: string) => void;
}) {
  // As it was when the dialog opened.
  const [begun] = useState({ text: skill?.text ?? kBegin, beside: others });
  const [text, setText] = useState(begun.text);
  const [beside, setBeside] = useState(begun.beside);
  // Why what was chosen was not taken.
  const [refused, setRefused] = useState('');
  const put = usePutSkill();
  const { name, problems } = checkSkill(text);
  const isRenamed = skill !== undefined && name !== '' && name !== skill.name;
  const found = isRenamed ? [...problems, { line: 2, message: 'skills.wrong.renamed' }] : problems;
  const isTouched = text !== kBegin;
  const takeFiles = (files: SkillFile[]) => {
    const main = files.find((file) => file.path === kMain) ?? (files.length === 1 ? files[0] : undefined);
    if (main?.text === undefined)
      return setRefused(main ? t('skills.noText', { name: main.path }) : t('skills.noMain'));
    setRefused('');
    setText(main.text);
    setBeside(files.filter((file) => file !== main));
  };
  const save = () =>
    put.mutate(
      {
        name: skill?.name ?? name,
        files: [{ path: kMain, text }, ...beside],
        replace: skill !== undefined,
      },
      {
        onSuccess: (saved) => {
          toast(t('skills.saved', { name: saved.name }));
          onClose(saved.name);
        },
      },
    );
  return (
    <FormDialog
      wide
      title={skill ? t('skills.edit', { name: skill.name }) : t('skills.add')}
      description={t('skills.add.why')}
      verb={t('skills.save')}
      busy={put.isPending}
      valid={found.length === 0}
      error={put.error}
      failed={t('skills.save.failed')}
      dirty={text !== begun.text || beside !== begun.beside}
      onSave={save}
      onClose={() => onClose()}
    >
      {!skill && <Choose onFiles={takeFiles} />}
      {refused && (
        <p role="alert" className="text-dense text-bad">
          {refused}
        </p>
      )}
      <TextArea
        label={kMain}
        hint={t('skills.text.hint')}
        rows={16}
        spellCheck={false}
        className="font-mono text-label"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <div role="status">{isTouched && <Findings problems={found} />}</div>
      {beside.length > 0 && (
        <div>
          <p className="text-label font-medium text-text-2">{t('skills.beside', { count: beside.length })}</p>
          <ul className="font-mono text-label text-text-2">
            {beside.map((file) => (
              <li key={file.path}>{file.path}</li>
            ))}
          </ul>
        </div>
      )}
    </FormDialog>
  );
}
