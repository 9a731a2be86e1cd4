// SPDX-License-Identifier: MIT
import type { QueryClient } from '@tanstack/react-query';
import { api, take } from '@/api/client';
import { type Picture, sendMessage } from '@/api/outbox';
import { type Message, textOf } from './transcript';

// The pictures of a message, as a person chose them.
async function picturesOf(message: Message): Promise<Picture[]> {
  const places = message.parts.flatMap((part, at) => (part.type === 'image' ? [{ part, at }] : []));
  return Promise.all(
    places.map(async ({ part, at }) => {
      const path = { id: message.session_id, message_id: message.id, part: at };
      const picture: unknown = await take(
        api.GET('/api/v1/sessions/{id}/messages/{message_id}/parts/{part}/image', {
          params: { path },
          parseAs: 'blob',
        }),
      );
      const bytes = picture instanceof Blob ? picture : new Blob();
      const file = new File([bytes], part.name ?? '', { type: part.media_type ?? bytes.type });
      return { file, ...(part.detail ? { detail: part.detail } : {}) };
    }),
  );
}

// Asks the same again: text and pictures. Fails, and sends nothing, when a picture of it cannot be read.
export async function askAgain(queries: QueryClient, message: Message): Promise<void> {
  const pictures = await picturesOf(message);
  sendMessage(queries, message.session_id, textOf(message), pictures);
}
