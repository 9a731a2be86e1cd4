// SPDX-License-Identifier: MIT
// Keys of a pasted .env file go to the vault. They are named before that, and so is what they would replace there.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, take } from '@/api/client';
import { useSecrets } from '@/api/queries';
import { t } from '@/i18n';
import { type EnvSecret, secretsOf } from '@/lib/env-file';
import { Button } from '@/ui/button';
import { TextArea } from '@/ui/field';
import { ErrorNote } from '@/ui/states';

// What one of the names is for, where the page knows.
type About = (name: string, names: string[]) => string;

// One by one: what was stored before one is refused stays stored, so the names are asked for again either way.
function useStoreSecrets() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (secrets: EnvSecret[]) => {
      for (const { name, value } of secrets)
        await take(api.PUT('/api/v1/secrets/{name}', { params: { path: { name } }, body: { value } }));
      return secrets.map((secret) => secret.name);
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['secrets'] }),
  });
}

// `taken` are in the vault already.
function Preview({ names, taken, about }: { names: string[]; taken: string[]; about: About | undefined }) {
  if (names.length === 0) return <p className="text-dense text-text-2">{t('env.none')}</p>;
  return (
    <ul aria-label={t('env.preview')} className="flex flex-col gap-1 text-dense">
      {names.map((name) => (
        <li key={name} className="flex flex-wrap gap-x-2">
          <span className="font-mono text-label leading-5">{name}</span>
          {about && <span className="text-text-2">{about(name, names)}</span>}
          {taken.includes(name) && <span className="text-warn">{t('env.replaces')}</span>}
        </li>
      ))}
    </ul>
  );
}

export function EnvKeys({
  label,
  about,
  onStored,
}: {
  // Of the field, for those who do not see what stands around it.
  label: string;
  about?: About;
  onStored: (names: string[]) => void;
}) {
  const [text, setText] = useState('');
  const store = useStoreSecrets();
  const present = useSecrets().data?.items ?? [];
  const secrets = secretsOf(text);
  const names = secrets.map((secret) => secret.name);
  const taken = names.filter((name) => present.some((one) => one.name === name));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    store.mutate(secrets, {
      onSuccess: (stored) => {
        setText('');
        onStored(stored);
      },
    });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <TextArea
        label={label}
        hideLabel
        hint={t('env.hint')}
        value={text}
        onChange={(event) => setText(event.target.value)}
        spellCheck={false}
        autoComplete="off"
        data-unsaved={text === '' ? undefined : ''}
        className="font-mono text-label"
      />
      {(names.length > 0 || !store.data) && <Preview names={names} taken={taken} about={about} />}
      <Button type="submit" className="self-start" busy={store.isPending} disabled={secrets.length === 0}>
        {taken.length > 0
          ? t('env.import.over', { count: secrets.length, names: taken.join(', ') })
          : t('env.import', { count: secrets.length })}
      </Button>
      {store.isError && <ErrorNote error={store.error} what={t('env.failed')} />}
    </form>
  );
}
