// SPDX-License-Identifier: MIT
// The text that the page works on: the file, or the draft of it that was begun in Source. A change from any tab goes into the draft when
// there is one, and is saved at once when there is none.
import { useState } from 'react';
import { create } from 'zustand';
import { Problem } from '@/api/problem';
import { t } from '@/i18n';
import { toast } from '@/ui/toast';
import { usePolicy, useSave, useTemplates } from './queries';

// `base` is the hash of the file that the draft began from.
type Draft = { text: string; base: string };
type Conflict = { mine: string };

export const useDraft = create<{ draft: Draft | null; conflict: Conflict | null }>(() => ({
  draft: null,
  conflict: null,
}));

export const dropDraft = () => useDraft.setState({ draft: null, conflict: null });

export const isStale = (error: unknown) => error instanceof Problem && error.status === 409;

export type Working = ReturnType<typeof useWorking>;

export function useWorking() {
  const policy = usePolicy();
  const templates = useTemplates();
  const draft = useDraft((state) => state.draft);
  // What Source sends, what the other tabs send, and what takes a change back: each is refused in its own place.
  const save = useSave();
  const put = useSave();
  const undo = useSave();
  const file = policy.data;
  // Without a file the shipped default holds; the first change starts from it.
  const begin = templates.data?.find((one) => one.name === 'default')?.text ?? '';
  const saved = file ? (file.exists ? file.text : begin) : '';
  const text = draft?.text ?? saved;
  const dirty = draft !== null && draft.text !== saved;

  const inForce = (done: string, before: string, hash: string) => {
    dropDraft();
    toast(done, { undo: () => undo.mutate({ text: before, hash }) });
  };

  const write = (next: string, done: string, options: { base?: string } = {}) => {
    if (!file) return;
    const before = saved;
    save.mutate(
      { text: next, hash: options.base ?? draft?.base ?? file.hash },
      {
        onSuccess: (now) => inForce(done, before, now.hash),
        onError: (error) => {
          if (isStale(error))
            useDraft.setState({ draft: { text: next, base: file.hash }, conflict: { mine: next } });
        },
      },
    );
  };

  // The whole file, whatever is in the draft. Refused: the promise fails. When the file is another by now it is read again first, so
  // that what a person entered can be put into that one.
  const replace = async (next: string, done: string): Promise<void> => {
    if (!file) return;
    const before = saved;
    try {
      inForce(done, before, (await put.mutateAsync({ text: next, hash: file.hash })).hash);
    } catch (error) {
      if (isStale(error)) await policy.refetch();
      throw error;
    }
  };

  return {
    policy,
    file,
    saved,
    text,
    dirty,
    ready: file !== undefined && (file.exists || begin !== ''),
    save,
    undo,
    busy: save.isPending || put.isPending,
    // Where the shown rules come from: the file, or the shipped default because there is none.
    fromDefault: file !== undefined && !file.exists && !dirty,
    edit: (next: string) =>
      useDraft.setState({
        draft: next === saved && file ? null : { text: next, base: draft?.base ?? file?.hash ?? '' },
      }),
    write,
    replace,
    // From a tab other than Source. Done when it is in force or in the draft; refused, the promise fails.
    change: async (next: string, done: string): Promise<void> => {
      if (!dirty || !file) return replace(next, done);
      useDraft.setState({ draft: { text: next, base: draft?.base ?? file.hash } });
      toast(t('policy.drafted'));
    },
  };
}

// One change, and what became of it, for the place where a person made it: what was typed there goes only when it was taken.
export function useEdit() {
  const [error, setError] = useState<unknown>(null);
  const attempt = async (edit: () => Promise<void>, onDone?: () => void) => {
    setError(null);
    try {
      await edit();
    } catch (refusal) {
      setError(refusal);
      return;
    }
    onDone?.();
  };
  return { error, attempt, forget: () => setError(null) };
}
