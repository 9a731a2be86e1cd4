// SPDX-License-Identifier: MIT
// The one way to the daemon's HTTP API. Types come from api/openapi.yaml; nothing about the wire is written by hand.
//   const session = await take(api.GET('/api/v1/sessions/{id}', { params: { path: { id } } }));
import createClient from 'openapi-fetch';
import { hearDate } from '@/lib/daemon-clock';
import { csrfToken } from './credentials';
import { Problem, type ProblemBody, Unreachable } from './problem';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];

const kUnsafe = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

export const api = createClient<paths>({
  baseUrl: typeof location === 'undefined' ? '' : location.origin,
  credentials: 'same-origin',
  // Looked up at each call, so that a test can put its own in place.
  fetch: async (request) => {
    const asked = Date.now();
    const response = await globalThis.fetch(request);
    hearDate(response.headers.get('Date'), asked, Date.now());
    return response;
  },
});

api.use({
  onRequest({ request }) {
    if (kUnsafe.has(request.method)) request.headers.set('X-Pryx-CSRF', csrfToken());
    return request;
  },
  onError() {
    return new Unreachable();
  },
});

type Outcome<T> = { data?: T; error?: unknown; response: Response };

// The answer itself, or a Problem. `Unreachable` comes from the client.
export async function take<T>(call: Promise<Outcome<T>>): Promise<T> {
  const outcome = await call;
  if (outcome.response.ok) return outcome.data as T;
  const body = typeof outcome.error === 'object' && outcome.error !== null ? outcome.error : {};
  throw new Problem(outcome.response.status, body as Partial<ProblemBody>);
}

export type Page<T> = { items: T[]; next_cursor: string | null };
