// SPDX-License-Identifier: MIT
// Every address of the app. A page is a chunk of its own; its search parameters are checked here, so that an address restores the view.
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { CrashPage, NotFoundPage } from './lost-pages';
import { Shell } from './shell';

const root = createRootRoute({ component: Shell, notFoundComponent: NotFoundPage });

// Search parameters as strings; a page reads what it knows and ignores the rest.
export type Search = Record<string, string | undefined>;
const anySearch = (search: Record<string, unknown>): Search =>
  Object.fromEntries(
    Object.entries(search)
      .filter(([, value]) => value !== undefined && value !== null && value !== '')
      .map(([name, value]) => [name, String(value)]),
  );

const page = <Path extends string>(path: Path, component: ReturnType<typeof lazyRouteComponent>) =>
  createRoute({ getParentRoute: () => root, path, component, validateSearch: anySearch });

const routes = [
  page(
    '/',
    lazyRouteComponent(() => import('@/features/home/home-page'), 'HomePage'),
  ),
  page(
    '/welcome',
    lazyRouteComponent(() => import('@/features/onboarding/onboarding-page'), 'OnboardingPage'),
  ),
  page(
    '/chat',
    lazyRouteComponent(() => import('@/features/chat/chat-page'), 'ChatPage'),
  ),
  page(
    '/chat/$session',
    lazyRouteComponent(() => import('@/features/chat/chat-page'), 'ChatPage'),
  ),
  page(
    '/sessions',
    lazyRouteComponent(() => import('@/features/sessions/sessions-page'), 'SessionsPage'),
  ),
  page(
    '/processes',
    lazyRouteComponent(() => import('@/features/processes/processes-page'), 'ProcessesPage'),
  ),
  page(
    '/trace/$turn',
    lazyRouteComponent(() => import('@/features/trace/trace-page'), 'TracePage'),
  ),
  page(
    '/approvals',
    lazyRouteComponent(() => import('@/features/approvals/approvals-page'), 'ApprovalsPage'),
  ),
  page(
    '/policy',
    lazyRouteComponent(() => import('@/features/policy/policy-page'), 'PolicyPage'),
  ),
  page(
    '/audit',
    lazyRouteComponent(() => import('@/features/audit/audit-page'), 'AuditPage'),
  ),
  page(
    '/egress',
    lazyRouteComponent(() => import('@/features/egress/egress-page'), 'EgressPage'),
  ),
  page(
    '/costs',
    lazyRouteComponent(() => import('@/features/costs/costs-page'), 'CostsPage'),
  ),
  page(
    '/models',
    lazyRouteComponent(() => import('@/features/models/models-page'), 'ModelsPage'),
  ),
  page(
    '/memory',
    lazyRouteComponent(() => import('@/features/memory/memory-page'), 'MemoryPage'),
  ),
  page(
    '/agents',
    lazyRouteComponent(() => import('@/features/agents/agents-page'), 'AgentsPage'),
  ),
  page(
    '/settings',
    lazyRouteComponent(() => import('@/features/settings/settings-page'), 'SettingsPage'),
  ),
];

// Search parameters stay readable: ?status=failed&q=deploy, no JSON.
export const router = createRouter({
  routeTree: root.addChildren(routes),
  defaultErrorComponent: CrashPage,
  defaultPreload: 'intent',
  scrollRestoration: true,
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const text = new URLSearchParams(
      Object.entries(search).flatMap(([name, value]) =>
        value === undefined || value === '' ? [] : [[name, String(value)] as [string, string]],
      ),
    ).toString();
    return text ? `?${text}` : '';
  },
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
