// SPDX-License-Identifier: MIT
// The common fields of an agent: who answers, what it is told, which tools it may use, how far it may go.
import { useId, useState } from 'react';
import { t } from '@/i18n';
import { Checkbox, Select, TextArea, TextField } from '@/ui/field';
import { type AgentFields, kLimits } from './agent-text';
import { useModels, useTools } from './queries';

type Change = (change: Partial<AgentFields>) => void;

const wordsOf = (text: string) => text.split(/[\s,]+/).filter(Boolean);

// What is typed stays as it is typed; the draft has the names in it.
function Names({
  label,
  hint,
  names,
  onNames,
}: {
  label: string;
  hint: string;
  names: string[];
  onNames: (names: string[]) => void;
}) {
  // Half a name is no name yet: what is typed counts when the field is left or Enter is pressed.
  const [typed, setTyped] = useState<string | null>(null);
  const commit = () => {
    if (typed !== null) onNames(wordsOf(typed));
    setTyped(null);
  };
  return (
    <TextField
      label={label}
      hint={hint}
      spellCheck={false}
      className="font-mono text-label"
      data-unsaved={typed === null ? undefined : ''}
      value={typed ?? names.join(', ')}
      onChange={(event) => setTyped(event.target.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === 'Enter') commit();
      }}
    />
  );
}

function Tools({ tools, onChange }: { tools: string[] | null; onChange: Change }) {
  const known = useTools();
  const id = useId();
  const names = known.data?.map((tool) => tool.name) ?? [];
  const chosen = tools ?? [];
  const patterns = chosen.filter((name) => !names.includes(name));
  const toggle = (name: string, on: boolean) =>
    onChange({ tools: on ? [...chosen, name] : chosen.filter((one) => one !== name) });
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1 text-label font-medium text-text-2">{t('agents.tools')}</legend>
      {([null, []] as const).map((value) => (
        <label key={value === null ? 'all' : 'some'} className="flex min-h-6 items-center gap-2 text-dense">
          <input
            type="radio"
            name={id}
            className="size-4 accent-(--accent)"
            checked={(tools === null) === (value === null)}
            onChange={() => onChange({ tools: value === null ? null : [] })}
          />
          {t(value === null ? 'agents.tools.policy' : 'agents.tools.some')}
        </label>
      ))}
      {tools && (
        <div className="flex flex-col gap-3 pl-6">
          {names.length > 0 && (
            <div className="grid max-h-52 grid-cols-[repeat(auto-fill,minmax(11rem,1fr))] gap-x-3 gap-y-1 overflow-y-auto rounded-control border border-line p-2">
              {names.map((name) => (
                <Checkbox
                  key={name}
                  label={name}
                  checked={chosen.includes(name)}
                  onChange={(event) => toggle(name, event.target.checked)}
                />
              ))}
            </div>
          )}
          <Names
            label={t('agents.tools.patterns')}
            hint={t('agents.tools.patterns.hint')}
            names={patterns}
            onNames={(next) =>
              onChange({ tools: [...chosen.filter((name) => names.includes(name)), ...next] })
            }
          />
        </div>
      )}
    </fieldset>
  );
}

export function AgentForm({ fields, onChange }: { fields: AgentFields; onChange: Change }) {
  const models = useModels();
  const known = models.data?.items.map((model) => model.id) ?? [];
  return (
    <>
      <TextField
        label={t('agents.description')}
        hint={t('agents.description.hint')}
        value={fields.description}
        onChange={(event) => onChange({ description: event.target.value })}
      />
      <div className="grid gap-4 sm:grid-cols-2">
        <Select
          label={t('agents.model')}
          value={fields.model}
          onChange={(event) => onChange({ model: event.target.value })}
        >
          <option value="">{t('agents.model.default')}</option>
          {[...new Set([...known, fields.model])].filter(Boolean).map((model) => (
            <option key={model}>{model}</option>
          ))}
        </Select>
        <Names
          label={t('agents.fallbacks')}
          hint={t('agents.fallbacks.hint')}
          names={fields.fallbacks}
          onNames={(fallbacks) => onChange({ fallbacks })}
        />
      </div>
      <TextArea
        label={t('agents.prompt')}
        hint={t('agents.prompt.hint')}
        rows={8}
        value={fields.system_prompt}
        onChange={(event) => onChange({ system_prompt: event.target.value })}
      />
      <Tools tools={fields.tools} onChange={onChange} />
      <fieldset>
        <legend className="mb-1 text-label font-medium text-text-2">{t('agents.limits')}</legend>
        <div className="grid gap-4 sm:grid-cols-3">
          {kLimits.map((limit) => (
            <TextField
              key={limit}
              label={t(`agents.limit.${limit}`)}
              hint={t(`agents.limit.${limit}.hint`)}
              inputMode="numeric"
              placeholder={t('agents.limits.none')}
              value={fields[limit]}
              onChange={(event) => onChange({ [limit]: event.target.value.replace(/\D/g, '') })}
            />
          ))}
        </div>
      </fieldset>
    </>
  );
}
