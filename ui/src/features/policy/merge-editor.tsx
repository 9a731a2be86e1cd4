// SPDX-License-Identifier: MIT
import { unifiedMergeView } from '@codemirror/merge';
import { EditorState } from '@codemirror/state';
import { EditorView, lineNumbers } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import { t } from '@/i18n';
import { editorLook } from './editor-look';

function control(type: 'reject' | 'accept', action: (event: MouseEvent) => void): HTMLElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = t(`source.merge.${type}`);
  button.onclick = action;
  return button;
}

// One text with what went and what came marked in it: it reflows on a narrow screen, which two columns would not. With `onMerge` each
// difference can be taken or left, and the text edited.
export default function MergeEditor({
  before,
  after,
  onMerge,
}: {
  before: string;
  after: string;
  onMerge?: ((text: string) => void) | undefined;
}) {
  const place = useRef<HTMLDivElement>(null);
  const call = useRef(onMerge);
  call.current = onMerge;
  const merges = onMerge !== undefined;
  // What is merged comes back as `after`: it is the editor's own.
  const first = useRef(after);
  const shown = merges ? first.current : after;
  useEffect(() => {
    if (!place.current) return;
    const view = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: shown,
        extensions: [
          editorLook(false),
          lineNumbers(),
          merges ? [] : [EditorState.readOnly.of(true), EditorView.editable.of(false)],
          EditorView.contentAttributes.of({ tabindex: '0', 'aria-label': t('source.diff') }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) call.current?.(update.state.doc.toString());
          }),
          unifiedMergeView({
            original: before,
            mergeControls: merges ? control : false,
            gutter: true,
            highlightChanges: true,
            syntaxHighlightDeletions: false,
            collapseUnchanged: { margin: 3, minSize: 6 },
          }),
        ],
      }),
    });
    return () => view.destroy();
  }, [before, shown, merges]);
  return <div ref={place} className="overflow-hidden rounded-card border border-line" />;
}
