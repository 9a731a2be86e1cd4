// SPDX-License-Identifier: MIT
// One call of a tool: its name, the one line that says what it does, its state, and folded below it what went in and what came out.
import { ChevronRight } from 'lucide-react';
import { memo, useEffect, useRef, useState } from 'react';
import { t } from '@/i18n';
import { cx } from '@/lib/cx';
import { ExactText } from '@/parts/exact-text';
import { Status } from '@/ui/status';
import type { LiveStep } from './live';
import { callSummary, prettyJson } from './tool-text';

const kShownChars = 20_000;

function Output({ label, text, follow }: { label: string; text: string; follow?: boolean }) {
  const box = useRef<HTMLElement>(null);
  const cut = text.length > kShownChars;
  // biome-ignore lint/correctness/useExhaustiveDependencies: new text is what moves the end
  useEffect(() => {
    if (follow && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [text, follow]);
  return (
    <div className="flex flex-col gap-0.5">
      <p className="text-label text-text-3">{label}</p>
      <section
        ref={box}
        tabIndex={0}
        aria-label={label}
        className="max-h-72 overflow-auto rounded-control border border-line bg-sunken px-2 py-1 font-mono text-label leading-5 break-words whitespace-pre-wrap"
      >
        <ExactText text={cut ? text.slice(-kShownChars) : text} />
      </section>
      {cut && <p className="text-label text-text-3">{t('chat.tool.cut', { chars: kShownChars })}</p>}
    </div>
  );
}

export type ToolState =
  | 'planned'
  | 'waiting_approval'
  | 'running'
  | 'done'
  | 'failed'
  | 'denied'
  | 'unknown'
  | 'cancelled';

export const ToolCall = memo(function ToolCall({
  tool,
  input,
  summary,
  state,
  result,
  step,
  marked = false,
}: {
  tool: string;
  // JSON as the model wrote it.
  input: string;
  summary?: string | null;
  state: ToolState;
  result?: string | undefined;
  step?: LiveStep | undefined;
  // The address points at it: it is open, and stands out.
  marked?: boolean;
}) {
  const running = state === 'running';
  const [open, setOpen] = useState(marked);
  const output = step?.output.text ?? '';
  const bad = state === 'failed' || state === 'denied' || state === 'unknown';
  return (
    <details
      open={open || (running && output !== '')}
      onToggle={(event) => setOpen(event.currentTarget.open)}
      className={cx(
        'group my-1.5 min-w-0 rounded-card border bg-surface',
        marked && 'outline-2 outline-offset-2 outline-accent',
        state === 'unknown' ? 'border-warn' : bad ? 'border-bad' : 'border-line',
      )}
    >
      <summary className="flex min-h-8 list-none items-center gap-2 rounded-card px-2 py-1 hover:bg-sunken">
        <ChevronRight size={14} aria-hidden className="shrink-0 text-text-3 group-open:rotate-90" />
        <code className="shrink-0 font-mono text-label font-semibold">{tool}</code>
        <code className="min-w-0 flex-1 truncate font-mono text-label text-text-2">
          {summary || callSummary(input)}
        </code>
        <Status state={state} bare={!running && !bad} />
      </summary>
      <div className="flex flex-col gap-2 border-t border-line p-2">
        {input !== '' && input !== '{}' && <Output label={t('chat.tool.input')} text={prettyJson(input)} />}
        {result !== undefined ? (
          <Output label={bad ? t('chat.tool.problem') : t('chat.tool.output')} text={result} />
        ) : (
          output && <Output label={t('chat.tool.output.live')} text={output} follow={running} />
        )}
      </div>
    </details>
  );
});
