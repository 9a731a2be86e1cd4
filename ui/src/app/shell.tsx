// SPDX-License-Identifier: MIT
// The frame around every page: rail, top bar, banners, overlays, and the keys.
import { Outlet, useLocation } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useActions } from '@/actions/actions';
import { useStatus } from '@/api/queries';
import { t } from '@/i18n';
import { Toasts } from '@/ui/toast';
import { useDaemonErrors } from './daemon-errors';
import { useEndNotices } from './end-notices';
import { Failures } from './failures';
import { globalActions } from './global-actions';
import { kNav } from './nav';
import { OfflineBanner } from './offline-banner';
import { Overlays } from './overlays';
import { BottomBar, Rail } from './rail';
import { useResend } from './resend';
import { SafeBanner } from './safe-banner';
import { useAccess } from './session';
import { SignInPage } from './sign-in-page';
import { TopBar } from './top-bar';
import { useKeys } from './use-keys';

// Another page begins at its beginning for the keyboard and for a screen reader too, unless it puts the focus somewhere itself.
function useFocusOfPage(path: string) {
  const main = useRef<HTMLElement>(null);
  const before = useRef(path);
  useEffect(() => {
    if (before.current === path) return;
    before.current = path;
    // What lay over the page gives the focus back first.
    const frame = requestAnimationFrame(() => {
      const inside = document.activeElement?.closest('main, [role=dialog]');
      if (!inside) main.current?.focus({ preventScroll: true });
    });
    return () => cancelAnimationFrame(frame);
  }, [path]);
  return main;
}

let cachedActions: ReturnType<typeof globalActions> | undefined;

function Frame() {
  cachedActions ??= globalActions();
  useActions(cachedActions);
  useKeys();
  useEndNotices();
  useResend();
  useDaemonErrors();
  const status = useStatus();
  const path = useLocation({ select: (location) => location.pathname });
  const main = useFocusOfPage(path);
  const here = kNav.find((item) => (item.to === '/' ? path === '/' : path.startsWith(item.to)));
  const waiting = status.data?.approvals_pending ?? 0;
  return (
    <div className="flex h-dvh flex-col">
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:absolute focus:z-60 focus:bg-raised focus:p-2"
      >
        {t('shell.skip')}
      </a>
      <TopBar status={status.data} />
      <OfflineBanner />
      {status.data && <SafeBanner status={status.data} />}
      <Failures />
      <div className="flex min-h-0 flex-1">
        <Rail approvals={waiting} />
        <main
          ref={main}
          id="content"
          aria-label={here && t(`nav.${here.id}`)}
          tabIndex={-1}
          className="flex min-h-0 min-w-0 flex-1 outline-none"
        >
          <Outlet />
        </main>
      </div>
      <BottomBar approvals={waiting} />
      <Overlays />
      <Toasts />
    </div>
  );
}

export function Shell() {
  const { state } = useAccess();
  return state === 'in' ? <Frame /> : <SignInPage />;
}
