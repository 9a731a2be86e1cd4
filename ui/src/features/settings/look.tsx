// SPDX-License-Identifier: MIT
// What is this browser's alone: theme, letter keys, announcements.
import { useState } from 'react';
import { setSingleKeys, singleKeysOn } from '@/actions/keys';
import { t } from '@/i18n';
import { announceOn, setAnnounce, setTheme, type Theme, useTheme } from '@/lib/preferences';
import { Checkbox, Select } from '@/ui/field';

export function Look() {
  const theme = useTheme((state) => state.theme);
  const [single, setSingle] = useState(singleKeysOn());
  const [announce, setAnnounced] = useState(announceOn());
  return (
    <div className="flex max-w-100 flex-col gap-4">
      <Select
        label={t('look.theme')}
        value={theme}
        onChange={(event) => setTheme(event.target.value as Theme)}
      >
        {(['system', 'light', 'dark'] as const).map((value) => (
          <option key={value} value={value}>
            {t(`look.theme.${value}`)}
          </option>
        ))}
      </Select>
      <Checkbox
        label={t('look.keys')}
        hint={t('look.keys.hint')}
        checked={single}
        onChange={(event) => {
          setSingleKeys(event.target.checked);
          setSingle(event.target.checked);
        }}
      />
      <Checkbox
        label={t('look.announce')}
        hint={t('look.announce.hint')}
        checked={announce}
        onChange={(event) => {
          setAnnounce(event.target.checked);
          setAnnounced(event.target.checked);
        }}
      />
    </div>
  );
}
