// SPDX-License-Identifier: MIT
// What a person typed where the field may go and come back: a row that is scrolled away, a question beside one that is answered. It is
// kept as long as the page is open, or until it is let go.
import { useCallback } from 'react';
import { create } from 'zustand';

const useStore = create<{ kept: Record<string, unknown> }>(() => ({ kept: {} }));

// As useState; `key` names the field, and two of one name are the same.
export function useKept<T>(key: string, begin: T): [T, (next: T) => void] {
  const value = useStore(({ kept }) => (key in kept ? (kept[key] as T) : begin));
  const set = useCallback(
    (next: T) => useStore.setState(({ kept }) => ({ kept: { ...kept, [key]: next } })),
    [key],
  );
  return [value, set];
}

// Lets go of every field whose name begins so.
export function forgetKept(prefix: string): void {
  useStore.setState(({ kept }) => ({
    kept: Object.fromEntries(Object.entries(kept).filter(([key]) => !key.startsWith(prefix))),
  }));
}
