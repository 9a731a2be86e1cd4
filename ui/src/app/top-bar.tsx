// SPDX-License-Identifier: MIT
import { Bell, CircleHelp, Hand, OctagonX, PanelLeft, Search, SunMoon } from 'lucide-react';
import type { Schemas } from '@/api/client';
import { useBusState } from '@/bus/bus';
import { t } from '@/i18n';
import { nextTheme, useTheme } from '@/lib/preferences';
import { Button, IconButton } from '@/ui/button';
import { Chip } from '@/ui/status';
import { useShell } from './shell-state';

export function TopBar({ status }: { status: Schemas['Status'] | undefined }) {
  const connection = useBusState((state) => state.connection);
  const theme = useTheme((state) => state.theme);
  const open = (what: 'palette' | 'help' | 'notes' | 'stop' | 'approvals') => () =>
    useShell.setState({ open: what });
  const running = status?.turns.running ?? 0;
  const waiting = status?.approvals_pending ?? 0;
  return (
    <header className="flex h-12 shrink-0 items-center gap-2 border-b border-line bg-surface px-3">
      <IconButton
        icon={PanelLeft}
        className="hidden md:inline-flex"
        label={t('nav.fold')}
        keys="shift+\"
        onClick={() => useShell.setState((state) => ({ folded: !state.folded }))}
      />
      <img src="/icon.svg" alt="" width={22} height={22} />
      <span className="font-semibold">Pryx</span>
      <Button
        className="mx-2 min-w-0 max-w-100 flex-1 justify-start! text-text-3"
        icon={Search}
        keys="mod+k"
        onClick={open('palette')}
      >
        <span className="truncate">{t('shell.search')}</span>
      </Button>
      <span className="ml-auto" />
      <span className="hidden sm:contents">
        {connection === 'live' ? (
          <Chip tone="ok" shape="✓" text={t('shell.live')} />
        ) : (
          <Chip tone="idle" shape="○" text={t('shell.connecting')} />
        )}
        {running > 0 && <Chip tone="running" shape="●" text={t('shell.running', { count: running })} />}
      </span>
      <Button
        small={false}
        kind={waiting > 0 ? 'plain' : 'quiet'}
        icon={Hand}
        keys="mod+shift+a"
        aria-label={t('shell.approvals', { count: waiting })}
        onClick={open('approvals')}
      >
        {waiting > 0 ? waiting : null}
      </Button>
      <IconButton
        icon={OctagonX}
        className={running > 0 ? 'text-bad' : ''}
        keys="mod+shift+."
        label={t('shell.stop')}
        onClick={open('stop')}
      />
      <span className="hidden sm:contents">
        <IconButton icon={Bell} label={t('shell.notes')} onClick={open('notes')} />
        <IconButton
          icon={SunMoon}
          keys="t"
          label={t('shell.theme.next', { theme })}
          onClick={() => nextTheme()}
        />
      </span>
      <IconButton icon={CircleHelp} keys="?" label={t('shell.help')} onClick={open('help')} />
    </header>
  );
}
