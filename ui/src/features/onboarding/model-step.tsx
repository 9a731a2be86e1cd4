// SPDX-License-Identifier: MIT
// What runs on this machine first, the starter model always, a cloud provider with its key below.
import { type FormEvent, useState } from 'react';
import { t } from '@/i18n';
import { LocalServers } from '@/parts/local-servers';
import { Button } from '@/ui/button';
import { Select, TextField } from '@/ui/field';
import { Card } from '@/ui/page';
import { ErrorNote, Loaded } from '@/ui/states';
import { type Choose, ChooseOf } from './choose-model';
import { EnvImport, KeyOffers } from './env-import';
import type { StepProps } from './onboarding-page';
import { useAddProvider, useChooseModel, usePresets, useStatus } from './queries';
import { StepFooter } from './step-footer';

const kStarter = 'starter/commands';

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
      <Loaded query={presets} what={t('welcome.model.cloud.error')} rows={3}>
        {() => (
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
        )}
      </Loaded>
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

// What answers now, so that going through set-up again need not change it.
function Current({ onKeep }: { onKeep: () => void }) {
  const model = useStatus().data?.default_model;
  if (!model || model === kStarter) return null;
  return (
    <Card title={t('welcome.model.now')}>
      <div className="flex flex-wrap items-center gap-3">
        <p className="min-w-60 flex-1 font-mono text-dense break-all">{model}</p>
        <Button kind="primary" onClick={onKeep}>
          {t('welcome.model.keep')}
        </Button>
      </div>
    </Card>
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
        <Current onKeep={() => onNext()} />
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
        <KeyOffers onChoose={use} busy={choose.isPending} />
        <Cloud onChoose={use} busy={choose.isPending} />
        <EnvImport />
      </div>
      <StepFooter onBack={onBack} onSkip={() => onNext()} />
    </>
  );
}
