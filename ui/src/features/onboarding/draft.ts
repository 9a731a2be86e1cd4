// SPDX-License-Identifier: MIT
// Where set-up stands and what was typed but not sent, for as long as this tab lives. Keys are never in it.

export type Draft = { step?: string; workspace?: string; folder?: string; task?: string };

const kKey = 'pryx_setup';

export function draft(): Draft {
  try {
    return JSON.parse(sessionStorage.getItem(kKey) ?? '{}') as Draft;
  } catch {
    return {};
  }
}

export function keepDraft(change: Draft): void {
  sessionStorage.setItem(kKey, JSON.stringify({ ...draft(), ...change }));
}

export function endDraft(): void {
  sessionStorage.removeItem(kKey);
}
