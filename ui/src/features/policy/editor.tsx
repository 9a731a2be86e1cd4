// SPDX-License-Identifier: MIT
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { indentUnit } from '@codemirror/language';
import { type Diagnostic, lintGutter, setDiagnostics } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import type { Schemas } from '@/api/client';
import { t } from '@/i18n';
import { editorLook } from './editor-look';

type Props = {
  value: string;
  onChange: (text: string) => void;
  problems: Schemas['PolicyProblem'][];
  // A line to show; each new object shows it again.
  goto: { line: number } | null;
  onSave: () => void;
};

function diagnosticsOf(state: EditorState, problems: Schemas['PolicyProblem'][]): Diagnostic[] {
  return problems.map((problem) => {
    const line = state.doc.line(Math.max(1, Math.min(problem.line, state.doc.lines)));
    const from = line.from + Math.max(0, line.text.search(/\S/));
    return {
      from: Math.min(from, line.to),
      to: line.to,
      severity: 'error' as const,
      message: [problem.key, problem.message].filter(Boolean).join(': '),
    };
  });
}

// Tab leaves the editor, as it leaves any field: a keyboard must get out (WCAG 2.1.2). Two spaces indent.
export default function Editor({ value, onChange, problems, goto, onSave }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const calls = useRef({ onChange, onSave });
  calls.current = { onChange, onSave };
  const first = useRef(value);

  useEffect(() => {
    if (!place.current) return;
    const save = () => {
      calls.current.onSave();
      return true;
    };
    const editor = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: first.current,
        extensions: [
          editorLook(),
          lineNumbers(),
          highlightActiveLine(),
          history(),
          lintGutter(),
          indentUnit.of('  '),
          EditorView.lineWrapping,
          keymap.of([
            { key: 'Mod-s', run: save },
            { key: 'Mod-Enter', run: save },
            ...defaultKeymap,
            ...historyKeymap,
          ]),
          EditorView.contentAttributes.of({
            'aria-label': t('source.label'),
            spellcheck: 'false',
            tabindex: '0',
          }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) calls.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = editor;
    return () => {
      view.current = null;
      editor.destroy();
    };
  }, []);

  useEffect(() => {
    const editor = view.current;
    if (!editor || editor.state.doc.toString() === value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);

  useEffect(() => {
    const editor = view.current;
    if (editor) editor.dispatch(setDiagnostics(editor.state, diagnosticsOf(editor.state, problems)));
  }, [problems]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || !goto) return;
    const line = editor.state.doc.line(Math.max(1, Math.min(goto.line, editor.state.doc.lines)));
    editor.dispatch({
      selection: { anchor: line.from },
      effects: EditorView.scrollIntoView(line.from, { y: 'center' }),
    });
    editor.focus();
  }, [goto]);

  return <div ref={place} className="min-h-80 overflow-hidden rounded-card border border-line" />;
}
