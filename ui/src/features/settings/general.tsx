// SPDX-License-Identifier: MIT
// Every setting as a control of its kind, with what it does and where its value comes from. What is changed here lies over the config file.
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect } from 'react';
import { t } from '@/i18n';
import { Button } from '@/ui/button';
import { FilterField } from '@/ui/field';
import { Empty, Loaded } from '@/ui/states';
import { useSettings } from './queries';
import { fits, groupsOf } from './setting-items';
import { SettingRow } from './setting-row';

const titleOf = (prefix: string) =>
  prefix ? prefix.charAt(0).toUpperCase() + prefix.slice(1) : t('settings.group.none');

export function General() {
  const settings = useSettings();
  const search: { tab?: string; q?: string; edit?: string } = useSearch({ strict: false });
  const navigate = useNavigate();
  const filter = (q: string | undefined) =>
    void navigate({ to: '.', search: { ...search, q, edit: undefined }, replace: true });
  const isThere = settings.data !== undefined;
  // A link to one setting ends at its control.
  useEffect(() => {
    if (isThere && search.edit)
      document
        .querySelector<HTMLElement>(
          `[data-setting="${CSS.escape(search.edit)}"] :is(input, select, textarea)`,
        )
        ?.focus();
  }, [isThere, search.edit]);
  return (
    <Loaded query={settings} what={t('settings.error')}>
      {(data) => {
        const { items } = data;
        const shown = items.filter((item) => fits(item, search.q ?? ''));
        return (
          <div className="flex max-w-3xl flex-col gap-4">
            <div className="flex flex-wrap items-center gap-3">
              <FilterField label={t('settings.filter')} value={search.q ?? ''} onText={filter} />
              <span role="status" className="text-label text-text-3">
                {t('settings.count', { shown: shown.length, count: items.length })}
              </span>
            </div>
            {shown.length === 0 ? (
              <Empty
                title={t('settings.empty.filtered')}
                why={t('settings.empty.filtered.why')}
                action={
                  <Button onClick={() => filter(undefined)}>{t('settings.clear', { count: 1 })}</Button>
                }
              />
            ) : (
              groupsOf(shown).map(([prefix, group]) => (
                <section key={prefix} aria-label={titleOf(prefix)}>
                  <h2 className="mb-1 text-body font-semibold">{titleOf(prefix)}</h2>
                  <ul className="divide-y divide-line rounded-card border border-line bg-surface">
                    {group.map((item) => (
                      <SettingRow key={item.key} item={item} />
                    ))}
                  </ul>
                </section>
              ))
            )}
          </div>
        );
      }}
    </Loaded>
  );
}
