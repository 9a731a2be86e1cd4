// SPDX-License-Identifier: MIT
// A page as a test sees it: the real router and cache around one component, the daemon replaced at `fetch` by a table of answers.
//   answer('GET /api/v1/sessions', { items: [], next_cursor: null });
//   renderPage(<SessionsPage />, { at: '/sessions?status=failed' });
import { QueryClientProvider } from '@tanstack/react-query';
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
} from '@tanstack/react-router';
import { render } from '@testing-library/react';
import axe from 'axe-core';
import type { ReactNode } from 'react';
import { expect, vi } from 'vitest';
import { newQueryClient } from '@/api/query-client';
import { hearDate } from '@/lib/daemon-clock';

type Reply = { status: number; body: unknown };
export type Asked = { method: string; path: string; query: URLSearchParams; body: unknown };
type Answer = unknown | ((asked: Asked) => unknown);

let answers = new Map<string, Answer>();
let aheadMs = 0;
export const asked: Asked[] = [];

export function problem(status: number, code: string, detail: string): Reply {
  return {
    status,
    body: { type: 'about:blank', title: detail, status, detail, code, request_id: 'req_test', trace_id: '' },
  };
}

// `route` is 'GET /api/v1/sessions/{id}': a part in braces fits anything.
export function answer(route: string, reply: Answer): void {
  answers.set(route, reply);
}

// The daemon's machine has another time than this one.
export function daemonIsAhead(ms: number): void {
  aheadMs = ms;
}

function find(method: string, path: string): Answer | undefined {
  for (const [route, reply] of answers) {
    const [wanted, pattern = ''] = route.split(' ');
    const fits = new RegExp(`^${pattern.replace(/\{[^}]+\}/g, '[^/]+')}$`);
    if (wanted === method && fits.test(path)) return reply;
  }
  return undefined;
}

// What the daemon of an earlier test said of its time is believed no more: a question must not run out because of that.
function agreeOnTime(): void {
  const second = Math.floor(Date.now() / 1000) * 1000;
  hearDate(new Date(second).toUTCString(), second + 500, second + 500);
}

export function startFakeDaemon(): void {
  answers = new Map();
  asked.length = 0;
  aheadMs = 0;
  agreeOnTime();
  vi.stubGlobal('fetch', async (request: Request) => {
    const url = new URL(request.url);
    const text = request.method === 'GET' ? '' : await request.text();
    const one = {
      method: request.method,
      path: url.pathname,
      query: url.searchParams,
      body: text ? JSON.parse(text) : undefined,
    };
    asked.push(one);
    let reply = find(request.method, url.pathname);
    if (reply === undefined) throw new TypeError(`no answer for ${request.method} ${url.pathname}`);
    if (typeof reply === 'function') reply = await reply(one);
    const { status, body } =
      (reply as Reply)?.status !== undefined && 'body' in (reply as Reply)
        ? (reply as Reply)
        : { status: 200, body: reply };
    return new Response(status === 204 ? null : JSON.stringify(body), {
      status,
      headers: { 'Content-Type': 'application/json', Date: new Date(Date.now() + aheadMs).toUTCString() },
    });
  });
}

// `path` names the parts of the address: '/chat/$session'.
export function renderPage(page: ReactNode, { at = '/', path }: { at?: string; path?: string } = {}) {
  const root = createRootRoute();
  const splat = createRoute({ getParentRoute: () => root, path: '$', component: () => page });
  const index = createRoute({ getParentRoute: () => root, path: '/', component: () => page });
  const named = path ? createRoute({ getParentRoute: () => root, path, component: () => page }) : null;
  const router = createRouter({
    routeTree: root.addChildren([index, splat, ...(named ? [named] : [])]),
    history: createMemoryHistory({ initialEntries: [at] }),
    parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
    stringifySearch: (search) => {
      const known = Object.entries(search as Record<string, string | undefined>).filter(([, value]) => value);
      const text = new URLSearchParams(known as [string, string][]).toString();
      return text ? `?${text}` : '';
    },
  });
  const queries = newQueryClient();
  queries.setDefaultOptions({ queries: { ...queries.getDefaultOptions().queries, retry: false } });
  const shown = render(
    <QueryClientProvider client={queries}>
      <RouterProvider router={router as never} />
    </QueryClientProvider>,
  );
  return { ...shown, router, queries };
}

// 0 violations of WCAG 2.2 A and AA. Contrast is held by tools/contrast.ts and in the browser: there is no layout here.
export async function expectAccessible(element: Element): Promise<void> {
  const result = await axe.run(element, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
    rules: { 'color-contrast': { enabled: false } },
  });
  expect(result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`)).toEqual([]);
}
