// SPDX-License-Identifier: MIT
// Adds a provider or changes one. A key goes to the vault; it is asked for anew whenever it is to change.
import { useState } from 'react';
import type { Schemas } from '@/api/client';
import { t } from '@/i18n';
import { Replaces, Select, TextField } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';
import { toast } from '@/ui/toast';
import { usePresets, useProviders, useSaveProvider } from './queries';

const kKinds = ['openai', 'anthropic', 'google', 'ollama'];

export function ProviderDialog({
  provider,
  onClose,
}: {
  provider?: Schemas['Provider'];
  onClose: () => void;
}) {
  const presets = usePresets();
  const save = useSaveProvider();
  const providers = useProviders();
  const [preset, setPreset] = useState(provider ? '' : 'openai');
  const [name, setName] = useState(provider?.name ?? 'openai');
  const [kind, setKind] = useState(provider?.kind ?? 'openai');
  const [url, setUrl] = useState(provider?.base_url ?? '');
  const [key, setKey] = useState('');
  const taken = provider
    ? undefined
    : providers.data?.items.find((one) => one.name === name && !one.built_in);
  const known = presets.data?.items.find((one) => one.name === preset);
  const choose = (next: string) => {
    const found = presets.data?.items.find((one) => one.name === next);
    setPreset(next);
    setName(found?.name ?? '');
    setKind(found?.kind ?? 'openai');
    setUrl(found?.base_url ?? '');
  };
  const submit = () => {
    const body: Schemas['ProviderRequest'] = {
      kind,
      ...(url || known ? { base_url: url || known?.base_url || '' } : {}),
      // What this form does not ask stays as it is.
      ...(provider?.api === 'chat' || provider?.api === 'responses' ? { api: provider.api } : {}),
    };
    if (key) body.key = key;
    save.mutate(
      { name, ...body },
      {
        onSuccess: () => {
          toast(t('providers.saved', { name }));
          onClose();
        },
      },
    );
  };
  return (
    <FormDialog
      title={provider ? t('providers.edit.title', { name: provider.name }) : t('providers.add.title')}
      verb={taken ? t('ui.replace', { name }) : t('providers.save')}
      busy={save.isPending}
      valid={name !== ''}
      error={save.error}
      failed={t('providers.save.failed')}
      onSave={submit}
      onClose={onClose}
    >
      {!provider && (
        <Select label={t('providers.preset')} value={preset} onChange={(event) => choose(event.target.value)}>
          {presets.data?.items.map((one) => (
            <option key={one.name} value={one.name}>
              {one.about || one.name}
            </option>
          ))}
          <option value="">{t('providers.preset.own')}</option>
        </Select>
      )}
      {!provider && (
        <TextField
          label={t('providers.name')}
          hint={
            taken ? (
              <Replaces text={t('providers.replaces', { name, url: taken.base_url || taken.kind })} />
            ) : (
              t('providers.name.hint', { name: name || '…' })
            )
          }
          value={name}
          onChange={(event) => setName(event.target.value)}
          required
        />
      )}
      <Select
        label={t('providers.kind')}
        value={kind}
        onChange={(event) => setKind(event.target.value)}
        disabled={Boolean(known)}
      >
        {kKinds.map((one) => (
          <option key={one}>{one}</option>
        ))}
      </Select>
      <TextField
        label={t('providers.url')}
        value={url || known?.base_url || ''}
        onChange={(event) => setUrl(event.target.value)}
        inputMode="url"
        spellCheck={false}
      />
      <TextField
        label={t('providers.key')}
        type="password"
        autoComplete="off"
        value={key}
        onChange={(event) => setKey(event.target.value)}
        hint={`${t('providers.key.hint')}${(provider ?? taken)?.has_key ? ` ${t('providers.key.keep')}` : ''}`}
      />
    </FormDialog>
  );
}
