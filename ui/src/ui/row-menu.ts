// SPDX-License-Identifier: MIT
// What every list offers for the row in focus: its commands, opened at the row, and its link. A page gives `menu` to its <VirtualTable>.
import { useState } from 'react';
import type { Action } from '@/actions/actions';
import { useStateActions } from '@/actions/state-actions';
import { t } from '@/i18n';
import { copyText } from './copy';
import type { MenuItem } from './menu';

export type RowMenu = { items: MenuItem[]; isOpen: boolean; onClose: () => void };

type Keys = {
  actions: Action[];
  menu: (items: MenuItem[]) => RowMenu;
};

// `link` is the address of the row in focus, from the root on; undefined while there is no row.
export function useRowKeys(prefix: string, link: string | undefined): Keys {
  const [isOpen, setOpen] = useState(false);
  const actions = useStateActions(prefix, { link }, (one) => [
    one(
      'row',
      'ui.row.menu',
      ['.'],
      () => setOpen(true),
      (s) => s.link !== undefined,
    ),
    one(
      'link',
      'ui.row.link',
      ['c l'],
      (s) => s.link && copyText(`${location.origin}${s.link}`, t('ui.row.link.done')),
      (s) => s.link !== undefined,
    ),
  ]);
  return { actions, menu: (items) => ({ items, isOpen, onClose: () => setOpen(false) }) };
}
