// SPDX-License-Identifier: MIT
// The file itself. What is typed is a draft: the other tabs work on it too, and it counts only once it is saved.
import { Save, Undo2 } from 'lucide-react';
import { lazy, Suspense, useDeferredValue, useMemo, useState } from 'react';
import type { Schemas } from '@/api/client';
import { Problem } from '@/api/problem';
import { t } from '@/i18n';
import { Button } from '@/ui/button';
import { Loading } from '@/ui/states';
import { Chip } from '@/ui/status';
import { useCheck } from './queries';
import { Refused } from './refused';
import { Replay } from './replay';
import { TextDiff } from './text-diff';
import { dropDraft, forgetRefusal, type Working } from './working';

const Editor = lazy(() => import('./editor'));

// A refused save names its lines in the text of the problem.
export function problemsOf(error: unknown): Schemas['PolicyProblem'][] {
  if (!(error instanceof Problem) || error.status !== 422) return [];
  return error.message.split('\n').flatMap((one) => {
    const parts = /^line (\d+): (?:([\w.[\]]+): )?(.*)$/.exec(one);
    return parts ? [{ line: Number(parts[1]), key: parts[2] ?? '', message: parts[3] ?? '' }] : [];
  });
}

function Problems({
  problems,
  onGo,
}: {
  problems: Schemas['PolicyProblem'][];
  onGo: (line: number) => void;
}) {
  if (problems.length === 0) return null;
  return (
    <div role="status" className="rounded-card border border-bad bg-bad-soft p-3 text-dense">
      <p className="font-medium text-bad">{t('source.problems', { count: problems.length })}</p>
      <ul className="mt-1 flex flex-col">
        {problems.map((problem) => (
          <li key={`${problem.line}${problem.key}${problem.message}`}>
            <button
              type="button"
              className="min-h-6 text-left underline decoration-line underline-offset-2"
              onClick={() => onGo(problem.line)}
            >
              {problem.line > 0 ? t('source.line', { line: problem.line }) : t('source.whole')}
              {problem.key && <code className="font-mono text-label"> {problem.key}</code>}: {problem.message}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

export function SourceTab({ working, line }: { working: Working; line: number | undefined }) {
  const { text, dirty, saved, refusal } = working;
  const settled = useDeferredValue(text);
  const check = useCheck(settled, dirty);
  const [diff, setDiff] = useState(false);
  const [chosen, setChosen] = useState<{ line: number } | null>(null);
  const fromAddress = useMemo(() => (line ? { line } : null), [line]);
  const fromFile = working.file?.problems;
  const problems = useMemo(() => {
    if (dirty) return check.data?.problems ?? problemsOf(refusal);
    return fromFile ?? [];
  }, [dirty, check.data, refusal, fromFile]);
  const send = () => void (dirty && working.write(text, t('source.saved')));
  const isTold = dirty && problems.length > 0;
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-2">
        <p className="min-w-0 flex-1 truncate text-label text-text-3" title={working.file?.path}>
          <span className="font-mono">{working.file?.path}</span>
        </p>
        {dirty && problems.length === 0 && check.data?.valid && (
          <Chip tone="ok" shape="✓" text={t('source.valid', { tests: check.data.tests.length })} />
        )}
        {dirty && <Chip tone="warn" shape="△" text={t('source.draft')} />}
        <Button disabled={!dirty} aria-pressed={diff} onClick={() => setDiff(!diff)}>
          {diff ? t('source.edit') : t('source.diff')}
        </Button>
        <Button icon={Undo2} disabled={!dirty} onClick={dropDraft}>
          {t('source.discard')}
        </Button>
        <Button
          kind="primary"
          icon={Save}
          keys="mod+s"
          disabled={!dirty || problems.length > 0}
          busy={working.saving}
          onClick={send}
        >
          {t('source.save')}
        </Button>
      </div>
      {!isTold && <Refused error={refusal} onDismiss={forgetRefusal} />}
      <Problems problems={problems} onGo={(at) => setChosen({ line: Math.max(1, at) })} />
      {diff && dirty ? (
        <TextDiff before={saved} after={text} />
      ) : (
        <Suspense fallback={<Loading rows={10} />}>
          <Editor
            value={text}
            onChange={working.edit}
            problems={problems}
            goto={chosen ?? fromAddress}
            onSave={send}
          />
        </Suspense>
      )}
      {/* Asked of the draft only: for the saved text it says what changed since those decisions. */}
      <Replay text={text} />
    </div>
  );
}
