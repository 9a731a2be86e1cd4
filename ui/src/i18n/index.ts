// SPDX-License-Identifier: MIT
// Every string a person reads comes from a catalogue, by an explicit id. Each feature has its own `messages.ts`; English first.
//   t('chat.send')   t('sessions.deleted', { count: 3 })   — ICU plurals: '{count, plural, one {# session} other {# sessions}}'
import { i18n } from '@lingui/core';
import { compileMessage } from '@lingui/message-utils/compileMessage';

export type Catalogue = Record<string, string>;

const kKnown: Catalogue = {};

export function addMessages(messages: Catalogue): void {
  for (const [id, text] of Object.entries(messages)) {
    if (import.meta.env.DEV && id in kKnown && kKnown[id] !== text) throw new Error(`two texts for ${id}`);
    kKnown[id] = text;
  }
  const compiled = Object.fromEntries(
    Object.entries(messages).map(([id, text]) => [id, compileMessage(text)]),
  );
  i18n.load('en', compiled);
  i18n.activate('en');
}

export function t(id: string, values?: Record<string, unknown>): string {
  if (import.meta.env.DEV && !(id in kKnown)) throw new Error(`no text for ${id}`);
  return i18n._(id, values);
}
