// SPDX-License-Identifier: MIT
import { useState } from 'react';
import type { Schemas } from '@/api/client';
import { t } from '@/i18n';
import { Button } from '@/ui/button';
import { Select } from '@/ui/field';
import { useModelsOf } from './queries';

export type Choose = (model: string, provider?: { name: string } & Schemas['ProviderRequest']) => void;

// One of the models of a provider that answered.
export function ChooseOf({
  provider,
  onChoose,
  busy,
}: {
  provider: string;
  onChoose: Choose;
  busy: boolean;
}) {
  const models = useModelsOf(provider);
  const mine = models.data?.items ?? [];
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
