// SPDX-License-Identifier: MIT
// The keyboard of the whole page: what no widget took is read as an action.
import { useEffect } from 'react';
import { useActionRegistry } from '@/actions/actions';
import { KeyReader } from '@/actions/keys';

export function useKeys(): void {
  useEffect(() => {
    const reader = new KeyReader();
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented) {
        reader.forget();
        return;
      }
      // With it an input method takes or drops what it was putting together.
      if (event.isComposing) return;
      // A dialog owns the keyboard, but for chords; so does an open menu, where letters find its rows.
      const owner = '[role=dialog], [role=menu], [role=listbox]';
      const isOwned = event.target instanceof Element && event.target.closest(owner) !== null;
      // Read there too, only not run: the second key of a sequence must not answer the question in the drawer.
      const action = reader.read(event, useActionRegistry.getState().actions.values());
      if (!action || (isOwned && !(event.ctrlKey || event.metaKey))) return;
      event.preventDefault();
      action.run();
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, []);
}
