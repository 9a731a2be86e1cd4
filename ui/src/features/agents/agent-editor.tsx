// SPDX-License-Identifier: MIT
// One draft, the text of the agent's file, seen as a form or as YAML. The form changes only the lines of the field that changed.
import { useState } from 'react';
import type { Schemas } from '@/api/client';
import { Problem } from '@/api/problem';
import { t } from '@/i18n';
import { type Edited, NewerDialog, NewerNote, useEdited, type Version } from '@/parts/newer-text';
import { RemoveDialog } from '@/parts/remove-dialog';
import { Button } from '@/ui/button';
import { TextArea, TextField } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';
import { toast } from '@/ui/toast';
import { AgentForm } from './agent-form';
import { AgentOdd, readAgent, writeAgent } from './agent-text';
import { kNoFile, useRemoveAgent, useSaveAgent } from './queries';

type View = Schemas['AgentView'];

const kBegin = 'description: ""\nsystem_prompt: |\n  You are …\n';

// One that is built in has no file yet: its file begins with what is known of it, and not with other instructions.
function begin(agent: View | null): Version {
  if (!agent) return { text: kBegin, hash: kNoFile };
  return {
    text: agent.text || writeAgent('', { description: agent.description }),
    hash: agent.hash || kNoFile,
  };
}

function Problems({ agent }: { agent: View }) {
  if (!agent.problems?.length) return null;
  return (
    <ul
      role="alert"
      aria-label={t('agents.problems')}
      className="rounded-card border border-bad bg-bad-soft p-2 text-dense text-text"
    >
      {agent.problems.map((problem) => (
        <li key={`${problem.line}${problem.key}`}>
          {t('agents.problem', { line: problem.line, key: problem.key, message: problem.message })}
        </li>
      ))}
    </ul>
  );
}

// The draft as fields, or the line that only the text can show.
function read(text: string) {
  try {
    return { fields: readAgent(text), odd: 0 };
  } catch (error) {
    if (error instanceof AgentOdd) return { fields: null, odd: error.line };
    throw error;
  }
}

function Look({ look, onLook }: { look: 'form' | 'yaml'; onLook: (look: 'form' | 'yaml') => void }) {
  return (
    <fieldset className="flex gap-4">
      <legend className="sr-only">{t('agents.look')}</legend>
      {(['form', 'yaml'] as const).map((value) => (
        <label key={value} className="flex min-h-6 items-center gap-2 text-dense">
          <input
            type="radio"
            name="agent-look"
            className="size-4 accent-(--accent)"
            checked={look === value}
            onChange={() => onLook(value)}
          />
          {t(`agents.look.${value}`)}
        </label>
      ))}
    </fieldset>
  );
}

export function AgentEditor({
  id,
  agent,
  onStale,
  onClose,
}: {
  id: string;
  agent: View | null;
  // The file is another by now; it is to be read again.
  onStale?: () => void;
  onClose: () => void;
}) {
  const [name, setName] = useState(id);
  const { base, text, setText, put, newer } = useEdited(begin(agent), useState<Edited | null>(null));
  const [look, setLook] = useState<'form' | 'yaml'>('form');
  const [doing, setDoing] = useState<'remove' | 'compare' | null>(null);
  const [oddWrite, setOddWrite] = useState(false);
  const save = useSaveAgent();
  const remove = useRemoveAgent();
  const { fields, odd } = read(text);
  const shown = fields ? look : 'yaml';
  const submit = () =>
    save.mutate(
      { id: name, text, hash: base.hash },
      {
        onSuccess: () => {
          toast(t('agents.saved', { id: name }));
          onClose();
        },
        onError: (error) => error instanceof Problem && error.status === 409 && onStale?.(),
      },
    );
  return (
    <>
      <FormDialog
        wide
        title={agent ? t('agents.edit', { id }) : t('agents.new')}
        verb={t('agents.save')}
        busy={save.isPending}
        valid={name !== ''}
        error={save.error}
        failed={t('agents.save.failed')}
        dirty={text !== base.text || name !== id}
        aside={
          agent &&
          !agent.built_in && (
            <Button kind="danger" onClick={() => setDoing('remove')}>
              {t('agents.rm')}
            </Button>
          )
        }
        onSave={submit}
        onClose={onClose}
      >
        {!agent && (
          <TextField
            label={t('agents.new.name')}
            hint={t('agents.new.hint')}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        )}
        {newer && <NewerNote onLook={() => setDoing('compare')} />}
        {agent && <Problems agent={agent} />}
        <Look look={shown} onLook={setLook} />
        {!fields && (
          <p role="status" className="text-dense text-warn">
            {t('agents.odd', { line: odd })}
          </p>
        )}
        {oddWrite && (
          <p role="alert" className="text-dense text-bad">
            {t('agents.odd.write')}
          </p>
        )}
        {fields && shown === 'form' ? (
          <AgentForm
            fields={fields}
            onChange={(change) => {
              try {
                setText(writeAgent(text, change));
                setOddWrite(false);
              } catch (error) {
                if (!(error instanceof AgentOdd)) throw error;
                setOddWrite(true);
              }
            }}
          />
        ) : (
          <TextArea
            label={t('agents.text')}
            hint={agent?.path}
            rows={16}
            spellCheck={false}
            className="font-mono text-label"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        )}
      </FormDialog>
      {doing === 'remove' && (
        <RemoveDialog
          kind="agents"
          name={id}
          id={id}
          remove={remove}
          onClose={() => setDoing(null)}
          onGone={onClose}
        />
      )}
      {doing === 'compare' && newer && (
        <NewerDialog
          base={base}
          mine={text}
          newer={newer}
          onPut={(next) => {
            save.reset();
            put(next);
            setDoing(null);
          }}
          onClose={() => setDoing(null)}
        />
      )}
    </>
  );
}
