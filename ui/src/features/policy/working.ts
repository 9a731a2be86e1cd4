// SPDX-License-Identifier: MIT
// The text that the page works on: the file, or the draft of it that was begun in Source. A change from any tab goes into the draft when
// there is one, and is saved at once when there is none.
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

export type Working = ReturnType<typeof useWorking>;

export function useWorking() {
  const policy = usePolicy();
  const templates = useTemplates();
  const draft = useDraft((state) => state.draft);
  const save = useSave();
  const file = policy.data;
  // Without a file the shipped default holds; the first change starts from it.
  const begin = templates.data?.find((one) => one.name === 'default')?.text ?? '';
  const saved = file ? (file.exists ? file.text : begin) : '';
  const text = draft?.text ?? saved;
  const dirty = draft !== null && draft.text !== saved;

  const write = (next: string, done: string, options: { base?: string } = {}) => {
    if (!file) return;
    const before = saved;
    save.mutate(
      { text: next, hash: options.base ?? draft?.base ?? file.hash },
      {
        onSuccess: (now) => {
          dropDraft();
          const undo = () => save.mutate({ text: before, hash: now.hash });
          toast(done, { undo });
        },
        onError: (error) => {
          if (error instanceof Problem && error.status === 409)
            useDraft.setState({ draft: { text: next, base: file.hash }, conflict: { mine: next } });
        },
      },
    );
  };

  return {
    policy,
    file,
    saved,
    text,
    dirty,
    ready: file !== undefined && (file.exists || begin !== ''),
    save,
    // Where the shown rules come from: the file, or the shipped default because there is none.
    fromDefault: file !== undefined && !file.exists && !dirty,
    edit: (next: string) =>
      useDraft.setState({
        draft: next === saved && file ? null : { text: next, base: draft?.base ?? file?.hash ?? '' },
      }),
    write,
    // From a tab other than Source.
    change: (next: string, done: string) => {
      if (dirty && file) {
        useDraft.setState({ draft: { text: next, base: draft?.base ?? file.hash } });
        toast(t('policy.drafted'));
      } else write(next, done);
    },
  };
}
