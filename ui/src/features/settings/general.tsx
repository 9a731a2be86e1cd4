// SPDX-License-Identifier: MIT
// Every setting with its value and where that comes from. What is changed here lies over the config file.
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { t } from '@/i18n';
import { Button } from '@/ui/button';
import { FilterField, TextField } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';
import { Table } from '@/ui/list';
import { Empty, Loaded } from '@/ui/states';
import { toast } from '@/ui/toast';
import { usePutSetting, useSettings } from './queries';

export const valueText = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

// What a person typed: JSON where it is some, else text.
export function parseValue(text: string, before: unknown): unknown {
  if (typeof before === 'string') return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function Editor({ name, value, onClose }: { name: string; value: unknown; onClose: () => void }) {
  const [text, setText] = useState(value === null ? '' : valueText(value));
  const put = usePutSetting();
  const send = (next: unknown) =>
    put.mutate(
      { name, value: next },
      {
        onSuccess: (now) => {
          toast(t('settings.saved', { name, value: valueText(now.settings[name]) }));
          onClose();
        },
      },
    );
  return (
    <FormDialog
      title={t('settings.edit', { name })}
      verb={t('settings.save')}
      busy={put.isPending}
      error={put.error}
      failed={t('settings.save.failed')}
      aside={
        <Button busy={put.isPending} onClick={() => send(null)}>
          {t('settings.reset')}
        </Button>
      }
      onSave={() => send(parseValue(text, value))}
      onClose={onClose}
    >
      <TextField
        label={t('settings.value')}
        hint={t('settings.value.hint')}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
    </FormDialog>
  );
}

export function General() {
  const settings = useSettings();
  const search: { tab?: string; q?: string; edit?: string } = useSearch({ strict: false });
  const navigate = useNavigate();
  const put = (change: { q?: string; edit?: string }) =>
    void navigate({ to: '.', search: { ...search, ...change }, replace: true });
  return (
    <Loaded query={settings} what={t('settings.error')}>
      {(data) => {
        const names = Object.keys(data.settings).sort();
        const shown = names.filter((name) => name.includes(search.q ?? ''));
        return (
          <div className="flex max-w-4xl flex-col gap-3">
            <FilterField label={t('settings.filter')} value={search.q ?? ''} onText={(q) => put({ q })} />
            {shown.length === 0 ? (
              <Empty
                title={t('settings.empty.filtered')}
                why={t('settings.empty.filtered.why')}
                action={
                  <Button onClick={() => put({ q: undefined })}>{t('settings.clear', { count: 1 })}</Button>
                }
              />
            ) : (
              <Table
                label={t('settings.tab.general')}
                head={[
                  t('settings.col.name'),
                  t('settings.col.value'),
                  t('settings.col.origin'),
                  t('settings.change'),
                ]}
              >
                {shown.map((name) => (
                  <tr key={name}>
                    <td className="font-mono text-label">{name}</td>
                    <td className="min-w-28 font-mono text-label wrap-anywhere">
                      {valueText(data.settings[name])}
                    </td>
                    <td className="text-text-2">
                      {[...new Set([data.origins[name], data.sources[name]])]
                        .filter(Boolean)
                        .map(String)
                        .join(', ')}
                    </td>
                    <td>
                      <Button
                        small
                        onClick={() => put({ edit: name })}
                        aria-label={t('settings.edit', { name })}
                      >
                        {t('settings.change')}
                      </Button>
                    </td>
                  </tr>
                ))}
              </Table>
            )}
            {search.edit && search.edit in data.settings && (
              <Editor
                name={search.edit}
                value={data.settings[search.edit]}
                onClose={() => put({ edit: undefined })}
              />
            )}
          </div>
        );
      }}
    </Loaded>
  );
}
