// SPDX-License-Identifier: MIT
// What can be done from every page.
import type { Action } from '@/actions/actions';
import { t } from '@/i18n';
import { nextTheme } from '@/lib/preferences';
import { runOrTell } from '@/ui/failures';
import { kNav } from './nav';
import { router } from './router';
import { signOut } from './session';
import { useShell } from './shell-state';

export function globalActions(): Action[] {
  const pages: Action[] = kNav.map((item) => ({
    id: `go.${item.id}`,
    label: t(`nav.${item.id}`),
    group: t('palette.goto'),
    keys: [item.keys],
    icon: item.icon,
    run: () => void router.navigate({ to: item.to as '/' }),
  }));
  const open = (what: 'palette' | 'help' | 'notes' | 'stop' | 'approvals') => () =>
    useShell.setState({ open: what });
  return [
    ...pages,
    {
      id: 'app.palette',
      label: t('shell.search'),
      group: t('palette.everywhere'),
      keys: ['mod+k'],
      run: open('palette'),
    },
    {
      id: 'app.help',
      label: t('shell.help'),
      group: t('palette.everywhere'),
      keys: ['?'],
      run: open('help'),
    },
    { id: 'app.notes', label: t('shell.notes'), group: t('palette.everywhere'), run: open('notes') },
    {
      id: 'app.approvals',
      label: t('drawer.title'),
      group: t('palette.everywhere'),
      keys: ['mod+shift+a'],
      words: 'approvals',
      run: open('approvals'),
    },
    {
      id: 'app.stop',
      label: t('shell.stop'),
      group: t('palette.everywhere'),
      keys: ['mod+shift+.'],
      words: 'panic kill cancel',
      run: open('stop'),
    },
    {
      id: 'app.theme',
      label: t('shell.theme'),
      group: t('palette.everywhere'),
      keys: ['t'],
      words: 'dark light',
      run: () => nextTheme(),
    },
    {
      id: 'app.rail',
      label: t('nav.fold'),
      group: t('palette.everywhere'),
      keys: ['shift+\\', '|'],
      run: () => useShell.setState((state) => ({ folded: !state.folded })),
    },
    {
      id: 'app.setup',
      label: t('shell.setup'),
      group: t('palette.everywhere'),
      words: 'setup onboarding welcome provider key workspace first steps',
      run: () => void router.navigate({ to: '/welcome', search: {} }),
    },
    {
      id: 'app.signout',
      label: t('shell.signout'),
      group: t('palette.everywhere'),
      run: () => void runOrTell(t('shell.signout.failed'), signOut),
    },
  ];
}
