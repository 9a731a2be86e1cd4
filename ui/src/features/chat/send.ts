// SPDX-License-Identifier: MIT
// Sending a message so that it arrives once: its key stays the same however often it is tried. What was not accepted yet outlives the page.
import type { QueryClient } from '@tanstack/react-query';
import { create } from 'zustand';
import { api, type Schemas, take } from '@/api/client';
import { Unreachable } from '@/api/problem';

type Body = Schemas['MessageRequest'];
export type Sending = { key: string; text: string; images: File[]; session: string; error: unknown };

export const useOutbox = create<{ items: Sending[] }>(() => ({ items: [] }));

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
    sending.images.map(async (file) => ({
      type: 'image' as const,
      media_type: file.type as 'image/png',
      name: file.name,
      data: await base64(file),
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

export async function trySending(queries: QueryClient, sending: Sending): Promise<void> {
  note(sending.key, null);
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

export function sendMessage(queries: QueryClient, session: string, text: string, images: File[] = []): void {
  const sending: Sending = { key: crypto.randomUUID(), text, images, session, error: null };
  useOutbox.setState(({ items }) => ({ items: [...items, sending] }));
  void trySending(queries, sending);
}

// What did not reach the daemon is tried again when it is back.
export function sendAgain(queries: QueryClient, session: string): void {
  for (const one of useOutbox.getState().items)
    if (one.session === session && one.error instanceof Unreachable) void trySending(queries, one);
}
