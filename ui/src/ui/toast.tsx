// SPDX-License-Identifier: MIT
// Short notes in a corner. Everything that was said stays in the list of notifications. An error is no note: it stands on the page.
import { X } from 'lucide-react';
import { type ReactNode, useEffect, useSyncExternalStore } from 'react';
import { create } from 'zustand';
import { t } from '@/i18n';
import { IconButton } from './button';
import { runOrTell } from './failures';

export type Note = {
  id: number;
  text: string;
  at: number;
  undo?: (() => unknown) | undefined;
  // Where what it tells of is.
  link?: ReactNode;
  shown: boolean;
};

const kKept = 100;
const kShownMs = 6_000;
const kUndoMs = 10_000;
let lastId = 0;

export const useNotes = create<{ notes: Note[] }>(() => ({ notes: [] }));

// An undo that takes time is a promise: what it fails with stands above the page.
export function toast(text: string, options: { undo?: () => unknown; link?: ReactNode } = {}): void {
  lastId += 1;
  const note: Note = {
    id: lastId,
    text,
    at: Date.now(),
    undo: options.undo,
    link: options.link,
    shown: true,
  };
  useNotes.setState(({ notes }) => ({ notes: [note, ...notes].slice(0, kKept) }));
}

function hide(id: number): void {
  useNotes.setState(({ notes }) => ({ notes: notes.map((n) => (n.id === id ? { ...n, shown: false } : n)) }));
}

function watchTab(call: () => void): () => void {
  document.addEventListener('visibilitychange', call);
  return () => document.removeEventListener('visibilitychange', call);
}
const isTabSeen = () => document.visibilityState !== 'hidden';

function Toast({ note }: { note: Note }) {
  const isSeen = useSyncExternalStore(watchTab, isTabSeen);
  useEffect(() => {
    // Its time begins when somebody can read it.
    if (!isSeen) return;
    const timer = setTimeout(() => hide(note.id), note.undo ? kUndoMs : kShownMs);
    return () => clearTimeout(timer);
  }, [note, isSeen]);
  return (
    <div className="appear flex items-center gap-3 rounded-card border border-line bg-raised px-3 py-2 text-dense shadow-float">
      <span className="min-w-0 flex-1">{note.text}</span>
      {note.link}
      {note.undo && (
        <button
          type="button"
          className="min-h-6 font-medium text-accent underline"
          onClick={() => {
            hide(note.id);
            if (note.undo) void runOrTell(t('ui.undo.failed', { text: note.text }), note.undo);
          }}
        >
          {t('ui.undo')}
        </button>
      )}
      <IconButton small icon={X} label={t('ui.dismiss')} onClick={() => hide(note.id)} />
    </div>
  );
}

export function Toasts() {
  const notes = useNotes((state) => state.notes);
  return (
    <div
      aria-live="polite"
      // Behind an open dialog nothing of the page takes a press; its own notes do.
      className="pointer-events-auto fixed right-4 bottom-4 z-60 flex w-[min(400px,calc(100vw-32px))] flex-col gap-2"
    >
      {notes
        .filter((note) => note.shown)
        .slice(0, 4)
        .map((note) => (
          <Toast key={note.id} note={note} />
        ))}
    </div>
  );
}
