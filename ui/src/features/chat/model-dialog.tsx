// SPDX-License-Identifier: MIT
// Which model answers from here on. The providers are asked when it opens, not before.
import { Check } from 'lucide-react';
import { type KeyboardEvent, useState } from 'react';
import type { Schemas } from '@/api/client';
import { t } from '@/i18n';
import { cx } from '@/lib/cx';
import { money, tokens } from '@/lib/format';
import { Dialog } from '@/ui/dialog';
import { TextField } from '@/ui/field';
import { Loaded } from '@/ui/states';
import { useModels } from './queries';

type Model = Schemas['Model'];

function facts(model: Model): string {
  const parts: string[] = [];
  if (model.context_tokens) parts.push(t('chat.model.context', { tokens: tokens(model.context_tokens) }));
  if (model.takes?.includes('image')) parts.push(t('chat.model.images'));
  if (model.reasoning) parts.push(t('chat.model.reasoning'));
  parts.push(
    model.price
      ? t('chat.model.price', {
          input: money(model.price.input_per_million),
          output: money(model.price.output_per_million),
        })
      : t('chat.model.unpriced'),
  );
  return parts.join(' · ');
}

export function ModelDialog({
  current,
  onPick,
  onClose,
}: {
  current: string | null;
  onPick: (model: string) => void;
  onClose: () => void;
}) {
  const models = useModels(true);
  const [filter, setFilter] = useState('');
  const [at, setAt] = useState(0);
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (models.data?.items ?? []).filter((model) =>
    words.every((word) => model.id.toLowerCase().includes(word)),
  );
  const chosen = Math.min(at, fits.length - 1);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') setAt(Math.min(chosen + 1, fits.length - 1));
    else if (event.key === 'ArrowUp') setAt(Math.max(chosen - 1, 0));
    else if (event.key === 'Enter' && fits[chosen]) onPick(fits[chosen].id);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog open onClose={onClose} title={t('chat.model.title')} description={t('chat.model.hint')}>
      <div className="flex flex-col gap-3">
        <TextField
          label={t('chat.model.filter')}
          hideLabel
          placeholder={t('chat.model.filter')}
          autoFocus
          role="combobox"
          aria-expanded
          aria-controls="chat-models"
          aria-activedescendant={fits[chosen] ? `model-${chosen}` : undefined}
          value={filter}
          onChange={(event) => {
            setFilter(event.target.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
        />
        <Loaded query={models} what={t('chat.model.failed')} rows={4}>
          {() => (
            <div
              id="chat-models"
              role="listbox"
              aria-label={t('chat.model.title')}
              tabIndex={-1}
              className="flex max-h-96 flex-col overflow-y-auto"
            >
              {fits.map((model, index) => (
                // biome-ignore lint/a11y/useKeyWithClickEvents: the field above listens for keys
                <div
                  key={model.id}
                  id={`model-${index}`}
                  role="option"
                  tabIndex={-1}
                  aria-selected={index === chosen}
                  onClick={() => onPick(model.id)}
                  className={cx(
                    'flex min-h-11 cursor-pointer items-center gap-3 rounded-control px-2 py-1 hover:bg-sunken',
                    index === chosen && 'bg-accent-soft',
                  )}
                >
                  <span className="min-w-0 flex-1">
                    <span className="block truncate font-mono text-dense">{model.id}</span>
                    <span className="block text-label text-text-3">{facts(model)}</span>
                  </span>
                  {(current ? model.id === current : model.default) && (
                    <Check size={16} aria-label={t('chat.model.current')} className="text-accent" />
                  )}
                </div>
              ))}
              {fits.length === 0 && <p className="py-4 text-dense text-text-2">{t('chat.model.none')}</p>}
            </div>
          )}
        </Loaded>
      </div>
    </Dialog>
  );
}
