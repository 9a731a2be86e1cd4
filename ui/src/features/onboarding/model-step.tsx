// SPDX-License-Identifier: MIT
// What runs on this machine first, the starter model always, a cloud provider with its key below.
import { type FormEvent, useState } from 'react';
import type { Schemas } from '@/api/client';
import { t } from '@/i18n';
import { LocalServers } from '@/parts/local-servers';
import { Button } from '@/ui/button';
import { Select, TextArea, TextField } from '@/ui/field';
import { Card } from '@/ui/page';
import { ErrorNote } from '@/ui/states';
import { secretsOf } from './env-file';
import type { StepProps } from './onboarding-page';
import { useAddProvider, useChooseModel, useModels, usePresets, useStoreSecrets } from './queries';
import { StepFooter } from './step-footer';

const kStarter = 'starter/commands';

type Choose = (model: string, provider?: { name: string } & Schemas['ProviderRequest']) => void;

function ChooseOf({ provider, onChoose, busy }: { provider: string; onChoose: Choose; busy: boolean }) {
  const models = useModels();
  const mine = models.data?.items.filter((model) => model.provider === provider) ?? [];
  const [model, setModel] = useState('');
  const chosen = model || mine[0]?.id || '';
  return (
    <div className="mt-3 flex flex-wrap items-end gap-2">
      <div className="min-w-60 flex-1">
        <Select
          label={t('welcome.model.choose')}
          value={chosen}
          onChange={(event) => setModel(event.target.value)}
        >
          {mine.map((one) => (
            <option key={one.id}>{one.id}</option>
          ))}
        </Select>
      </div>
      <Button kind="primary" busy={busy} disabled={!chosen} onClick={() => onChoose(chosen)}>
        {t('welcome.model.choose.use')}
      </Button>
    </div>
  );
}

function Cloud({ onChoose, busy }: { onChoose: Choose; busy: boolean }) {
  const presets = usePresets();
  const add = useAddProvider();
  const [name, setName] = useState('');
  const [key, setKey] = useState('');
  const cloud = presets.data?.items.filter((preset) => preset.needs_key) ?? [];
  const chosen = name || cloud[0]?.name || '';
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate({ name: chosen, key }, { onSuccess: () => setKey('') });
  };
  return (
    <Card title={t('welcome.model.cloud')}>
      <form onSubmit={submit} className="flex flex-col gap-3">
        <Select
          label={t('welcome.model.cloud.who')}
          value={chosen}
          onChange={(event) => setName(event.target.value)}
        >
          {cloud.map((preset) => (
            <option key={preset.name} value={preset.name}>
              {preset.about || preset.name}
            </option>
          ))}
        </Select>
        <TextField
          label={t('welcome.model.cloud.key')}
          hint={t('welcome.model.cloud.key.hint')}
          type="password"
          autoComplete="off"
          required
          value={key}
          onChange={(event) => setKey(event.target.value)}
        />
        <Button type="submit" className="self-start" busy={add.isPending}>
          {t('welcome.model.cloud.add')}
        </Button>
      </form>
      {add.isError && <ErrorNote error={add.error} what={t('welcome.model.cloud.failed')} />}
      {add.data && (
        <>
          <p role="status" className="mt-3 text-dense text-ok">
            {t('welcome.model.cloud.added', { name: add.data.provider, count: add.data.models })}
          </p>
          <ChooseOf provider={add.data.provider} onChoose={onChoose} busy={busy} />
        </>
      )}
    </Card>
  );
}

function EnvImport() {
  const [text, setText] = useState('');
  const store = useStoreSecrets();
  const secrets = secretsOf(text);
  return (
    <details className="rounded-card border border-line bg-surface p-4">
      <summary className="min-h-6 text-body font-semibold">{t('welcome.model.env')}</summary>
      <div className="mt-3 flex flex-col gap-3">
        <TextArea
          label={t('welcome.model.env')}
          hideLabel
          hint={t('welcome.model.env.hint')}
          value={text}
          onChange={(event) => setText(event.target.value)}
          spellCheck={false}
          autoComplete="off"
          className="font-mono text-label"
        />
        <p className="text-dense text-text-2">
          {secrets.length > 0
            ? t('welcome.model.env.preview', { names: secrets.map((secret) => secret.name).join(', ') })
            : t('welcome.model.env.none')}
        </p>
        <Button
          className="self-start"
          busy={store.isPending}
          disabled={secrets.length === 0}
          onClick={() => store.mutate(secrets, { onSuccess: () => setText('') })}
        >
          {t('welcome.model.env.import', { count: secrets.length })}
        </Button>
        {store.data && (
          <p role="status" className="text-dense text-ok">
            {t('welcome.model.env.done', { names: store.data.join(', ') })}
          </p>
        )}
        {store.isError && <ErrorNote error={store.error} what={t('welcome.model.env.failed')} />}
      </div>
    </details>
  );
}

export function ModelStep({ onNext, onBack }: StepProps) {
  const choose = useChooseModel();
  const use: Choose = (model, provider) =>
    choose.mutate({ model, ...(provider ? { provider } : {}) }, { onSuccess: () => onNext() });
  return (
    <>
      <h2 className="mb-4 text-h3 font-semibold">{t('welcome.model.title')}</h2>
      {choose.isError && <ErrorNote error={choose.error} what={t('welcome.model.failed')} />}
      <div className="flex flex-col gap-4">
        <section aria-label={t('welcome.model.local')}>
          <h3 className="mb-2 text-body font-semibold">{t('welcome.model.local')}</h3>
          <LocalServers
            onUse={(server, model) =>
              use(
                `${server.provider ?? server.name}/${model.id}`,
                server.provider
                  ? undefined
                  : { name: server.name, kind: server.kind, base_url: server.base_url, no_key: true },
              )
            }
          />
        </section>
        <Card title={t('welcome.model.starter')}>
          <div className="flex flex-wrap items-center gap-3">
            <p className="min-w-60 flex-1 text-dense text-text-2">{t('welcome.model.starter.why')}</p>
            <Button kind="primary" busy={choose.isPending} onClick={() => use(kStarter)}>
              {t('welcome.model.starter.use')}
            </Button>
          </div>
        </Card>
        <Cloud onChoose={use} busy={choose.isPending} />
        <EnvImport />
      </div>
      <StepFooter onBack={onBack} onSkip={() => onNext()} />
    </>
  );
}
