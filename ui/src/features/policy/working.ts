// SPDX-License-Identifier: MIT
// The text that the page works on: the file, or the draft of it that was begun in Source. A change from any tab goes into the draft when
// there is one, and is saved at once when there is none. What becomes of a save is kept here and not in the page: a person may have left
// the dialog, the tab or the page while it ran.
import { useEffect, useRef, useState } from 'react';
import { create } from 'zustand';
import { Problem } from '@/api/problem';
import { t } from '@/i18n';
import { toast } from '@/ui/toast';
import { type Policy, usePolicy, useSave, useTemplates } from './queries';

// `base` is the hash of the file that the draft began from.
type Draft = { text: string; base: string };
type Conflict = { mine: string };

// `refusal`: why a save was not taken, of the draft, or of a change whose place was left while it ran.
type State = { draft: Draft | null; conflict: Conflict | null; refusal: unknown };
export const useDraft = create<State>(() => ({ draft: null, conflict: null, refusal: null }));

export const dropDraft = () => useDraft.setState({ draft: null, conflict: null, refusal: null });
export const forgetRefusal = () => useDraft.setState({ refusal: null });

export const isStale = (error: unknown) => error instanceof Problem && error.status === 409;

// What was typed while `sent` was on its way stays, with the file that it begins from.
function settleDraft(sent: string | undefined, base?: string): void {
  useDraft.setState(({ draft }) => ({
    draft: draft && draft.text !== sent ? { text: draft.text, base: base ?? draft.base } : null,
    conflict: null,
    refusal: null,
  }));
}

export type Working = ReturnType<typeof useWorking>;

export function useWorking() {
  const policy = usePolicy();
  const templates = useTemplates();
  const { draft, refusal } = useDraft();
  // What Source sends, what the other tabs send, and what takes a change back.
  const save = useSave();
  const put = useSave();
  const undo = useSave();
  const file = policy.data;
  // Without a file the shipped default holds; the first change starts from it.
  const begin = templates.data?.find((one) => one.name === 'default')?.text ?? '';
  const saved = file ? (file.exists ? file.text : begin) : '';
  const text = draft?.text ?? saved;
  const dirty = draft !== null && draft.text !== saved;

  const inForce = (done: string, before: string, now: Policy) => {
    toast(done, { undo: () => undo.mutateAsync({ text: before, hash: now.hash }) });
  };

  const write = async (next: string, done: string, options: { base?: string } = {}): Promise<void> => {
    if (!file) return;
    const before = saved;
    forgetRefusal();
    try {
      const now = await save.mutateAsync({ text: next, hash: options.base ?? draft?.base ?? file.hash });
      settleDraft(next, now.hash);
      inForce(done, before, now);
    } catch (error) {
      // Who dropped the draft meanwhile has nothing to put together with the other file.
      const mine = useDraft.getState().draft?.text;
      if (!isStale(error)) useDraft.setState({ refusal: error });
      else if (mine === undefined) void policy.refetch();
      else useDraft.setState({ draft: { text: mine, base: file.hash }, conflict: { mine } });
    }
  };

  // The whole file, whatever is in the draft. Refused: the promise fails. When the file is another by now it is read again first, so
  // that what a person entered can be put into that one.
  const replace = async (next: string, done: string): Promise<void> => {
    if (!file) return;
    const before = saved;
    const dropped = draft?.text;
    try {
      const now = await put.mutateAsync({ text: next, hash: file.hash });
      // One that was begun meanwhile knows nothing of this change: it keeps the file that it began from.
      settleDraft(dropped);
      inForce(done, before, now);
    } catch (error) {
      if (isStale(error)) await policy.refetch();
      throw error;
    }
  };

  return {
    policy,
    templates,
    file,
    saved,
    text,
    dirty,
    ready: file !== undefined && (file.exists || begin !== ''),
    refusal,
    saving: save.isPending,
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

// One change, and what became of it, for the place where a person made it: what was typed there goes only when it was taken. Who has left
// that place finds the refusal above the tabs.
export function useEdit() {
  const [error, setError] = useState<unknown>(null);
  const isHere = useRef(true);
  useEffect(() => {
    isHere.current = true;
    return () => {
      isHere.current = false;
    };
  }, []);
  const attempt = async (edit: () => Promise<void>, onDone?: () => void) => {
    setError(null);
    forgetRefusal();
    try {
      await edit();
    } catch (refusal) {
      if (isHere.current) setError(refusal);
      else useDraft.setState({ refusal });
      return;
    }
    if (isHere.current) onDone?.();
  };
  return { error, attempt };
}
