// SPDX-License-Identifier: MIT
// Sending a message so that it arrives once and in its place: its key stays the same however often it is tried, and it waits for what was
// written before it. What was not accepted yet outlives the page, and, where it has no pictures, its reload.
import type { QueryClient } from '@tanstack/react-query';
import { create } from 'zustand';
import { api, type Schemas, take } from './client';
import { Unreachable } from './problem';

type Body = Schemas['MessageRequest'];
// `detail`: how closely the model looks at it; without one the model decides.
export type Picture = { file: File; detail?: Schemas['Part']['detail'] };
export type Sending = { key: string; text: string; images: Picture[]; session: string; error: unknown };

const kKept = 'pryx_outbox';

// As drafts are: for this tab. Pictures stay in memory; a reload asks for them again.
function kept(): Sending[] {
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(kKept) ?? '[]');
    if (!Array.isArray(stored)) return [];
    return stored
      .filter((one) => [one?.key, one?.text, one?.session].every((field) => typeof field === 'string'))
      .map(({ key, text, session }) => ({ key, text, session, images: [], error: new Unreachable() }));
  } catch {
    return [];
  }
}

export const useOutbox = create<{ items: Sending[] }>(() => ({ items: kept() }));

useOutbox.subscribe(({ items }) => {
  const plain = items.filter((one) => one.images.length === 0);
  if (plain.length === 0) sessionStorage.removeItem(kKept);
  else
    sessionStorage.setItem(
      kKept,
      JSON.stringify(plain.map(({ key, text, session }) => ({ key, text, session }))),
    );
});

const kEncodeStep = 0x8000;

async function base64(file: File): Promise<string> {
  const raw = new Uint8Array(await file.arrayBuffer());
  let binary = '';
  for (let at = 0; at < raw.length; at += kEncodeStep)
    binary += String.fromCharCode(...raw.subarray(at, at + kEncodeStep));
  return btoa(binary);
}

async function bodyOf(sending: Sending): Promise<Body> {
  const parts = await Promise.all(
    sending.images.map(async ({ file, detail }) => ({
      type: 'image' as const,
      media_type: file.type as 'image/png',
      name: file.name,
      data: await base64(file),
      ...(detail ? { detail } : {}),
    })),
  );
  return {
    ...(sending.text ? { text: sending.text } : {}),
    ...(parts.length > 0 ? { parts } : {}),
    idempotency_key: sending.key,
    interactive: true,
    allow_unpriced: false,
  };
}

function note(key: string, error: unknown): void {
  useOutbox.setState(({ items }) => ({
    items: items.map((one) => (one.key === key ? { ...one, error } : one)),
  }));
}

export function discard(key: string): void {
  useOutbox.setState(({ items }) => ({ items: items.filter((one) => one.key !== key) }));
}

// One after another in a conversation: what is written later does not overtake what waits for the daemon.
const lines = new Map<string, Promise<void>>();

export function trySending(queries: QueryClient, sending: Sending): Promise<void> {
  note(sending.key, null);
  const before = lines.get(sending.session) ?? Promise.resolve();
  const mine = before.then(() => attempt(queries, sending));
  lines.set(sending.session, mine);
  return mine;
}

function waitsForAnother(sending: Sending): boolean {
  const items = useOutbox.getState().items.filter((one) => one.session === sending.session);
  const earlier = items.slice(
    0,
    items.findIndex((one) => one.key === sending.key),
  );
  return earlier.some((one) => one.error instanceof Unreachable);
}

async function attempt(queries: QueryClient, sending: Sending): Promise<void> {
  if (!useOutbox.getState().items.some((one) => one.key === sending.key)) return;
  if (waitsForAnother(sending)) return note(sending.key, new Unreachable());
  try {
    await take(
      api.POST('/api/v1/sessions/{id}/messages', {
        params: { path: { id: sending.session } },
        body: await bodyOf(sending),
      }),
    );
    await queries.invalidateQueries({ queryKey: ['messages', sending.session] });
    discard(sending.key);
    void queries.invalidateQueries({ queryKey: ['sessions'] });
  } catch (error) {
    note(sending.key, error instanceof Error ? error : new Unreachable());
  }
}

export function sendMessage(
  queries: QueryClient,
  session: string,
  text: string,
  images: Picture[] = [],
): void {
  const sending: Sending = { key: crypto.randomUUID(), text, images, session, error: null };
  useOutbox.setState(({ items }) => ({ items: [...items, sending] }));
  void trySending(queries, sending);
}

const isWaiting = (one: Sending) => one.error instanceof Unreachable;

// How many messages wait for the daemon, of all conversations.
export const useWaitingCount = (): number => useOutbox((state) => state.items.filter(isWaiting).length);

// What did not reach the daemon is tried again when it is back, in every conversation. Gives back what was refused this time.
export async function sendAgain(queries: QueryClient): Promise<Sending[]> {
  const waiting = useOutbox.getState().items.filter(isWaiting);
  await Promise.all(waiting.map((one) => trySending(queries, one)));
  const keys = new Set(waiting.map((one) => one.key));
  const { items } = useOutbox.getState();
  return items.filter((one) => keys.has(one.key) && one.error && !isWaiting(one));
}
