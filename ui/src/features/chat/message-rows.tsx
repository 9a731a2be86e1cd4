// SPDX-License-Identifier: MIT
// What people and models said, part by part.
import { Brain, ChevronRight, FileText, GitFork, ImageIcon, Info, Scissors } from 'lucide-react';
import { memo, useState } from 'react';
import { t } from '@/i18n';
import { bytes } from '@/lib/format';
import { Markdown } from '@/parts/markdown';
import { IconButton } from '@/ui/button';
import { Time } from '@/ui/time';
import type { LiveStep } from './live';
import { ToolCall, type ToolState } from './tool-call';
import { callKey, type Message, type Part, textOf } from './transcript';

export function Reasoning({ text, live = false }: { text: string; live?: boolean }) {
  return (
    <details className="group my-1.5">
      <summary className="inline-flex min-h-6 list-none items-center gap-1.5 rounded-control pr-2 text-dense text-text-3 hover:text-text">
        <ChevronRight size={14} aria-hidden className="group-open:rotate-90" />
        <Brain size={14} aria-hidden />
        {live ? t('chat.reasoning.live') : t('chat.reasoning')}
      </summary>
      <div className="mt-1 ml-2 border-l-2 border-line pl-4 text-dense leading-5 whitespace-pre-wrap text-text-2">
        {text}
      </div>
    </details>
  );
}

export function Notice({ text }: { text: string }) {
  return (
    <p className="my-1.5 flex items-start gap-2 rounded-control bg-info-soft px-3 py-1.5 text-dense text-info">
      <Info size={16} aria-hidden className="mt-0.5 shrink-0" />
      <span className="min-w-0">{text}</span>
    </p>
  );
}

function imagePath(message: Message, part: Part): string {
  const at = message.parts.indexOf(part);
  return `/api/v1/sessions/${message.session_id}/messages/${message.id}/parts/${at}/image`;
}

function Attachment({ part, message }: { part: Part; message: Message }) {
  const [isGone, setGone] = useState(false);
  const name = part.name || part.media_type || '';
  if (part.type === 'image' && !isGone) {
    const path = imagePath(message, part);
    return (
      <a href={path} target="_blank" rel="noreferrer noopener" title={t('chat.image.open', { name })}>
        <img
          src={path}
          alt={name}
          loading="lazy"
          onError={() => setGone(true)}
          className="h-32 max-w-full rounded-card border border-line bg-sunken object-contain"
        />
      </a>
    );
  }
  const Icon = part.type === 'image' ? ImageIcon : FileText;
  return (
    <span className="inline-flex max-w-full items-center gap-1.5 rounded-control border border-line bg-surface px-2 py-1 text-label text-text-2">
      <Icon size={14} aria-hidden className="shrink-0" />
      <span className="truncate">{name}</span>
      {part.bytes !== undefined && <span className="text-text-3">{bytes(part.bytes)}</span>}
    </span>
  );
}

function Interrupted() {
  return <p className="my-1 text-dense text-warn">■ {t('chat.interrupted')}</p>;
}

function callState(part: Part, result: Part | undefined): ToolState {
  if (result?.denied) return 'denied';
  if (result) return result.ok === false ? 'failed' : 'done';
  return part.state === 'interrupted' ? 'cancelled' : 'planned';
}

type Answer = {
  message: Message;
  results: Map<string, Part>;
  again?: boolean;
  // The step that the address points at.
  marked?: string;
  // Of a turn that is not over: how its calls stand, and what they have put out so far.
  states?: Map<string, ToolState>;
  steps?: LiveStep[];
};

function AnswerPart({
  part,
  message,
  results,
  marked,
  states,
  steps,
}: Omit<Answer, 'again'> & { part: Part }) {
  switch (part.type) {
    case 'text':
      return (
        <>
          <Markdown text={part.text} session={message.session_id} message={message.id} />
          {part.state === 'interrupted' && <Interrupted />}
        </>
      );
    case 'reasoning':
      return <Reasoning text={part.text} />;
    case 'notice':
      return <Notice text={part.text} />;
    case 'tool_call': {
      const result = results.get(callKey(part));
      return (
        <ToolCall
          tool={part.tool ?? ''}
          input={part.text}
          state={result ? callState(part, result) : (states?.get(callKey(part)) ?? callState(part, result))}
          result={result?.text}
          marked={Boolean(marked) && part.step_id === marked}
          step={steps?.find((step) => step.id === part.step_id)}
        />
      );
    }
    case 'tool_result':
      return <ToolCall tool={part.tool ?? ''} input="" state={callState(part, part)} result={part.text} />;
    case 'image':
    case 'file':
      return <Attachment part={part} message={message} />;
    default:
      return part.text ? <p className="text-text-2">{part.text}</p> : null;
  }
}

export const AnswerRow = memo(function AnswerRow({ again = false, ...answer }: Answer) {
  const parts = answer.message.parts.map((part, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: parts of a message keep their places
    <AnswerPart key={index} part={part} {...answer} />
  ));
  if (!again) return <div className="text-prose text-text">{parts}</div>;
  return (
    <details className="group my-1.5 text-body text-text-2">
      <summary className="inline-flex min-h-6 list-none items-center gap-1.5 text-dense text-text-3 hover:text-text">
        <ChevronRight size={14} aria-hidden className="group-open:rotate-90" />
        {t('chat.again')}
      </summary>
      <div className="mt-1 ml-2 border-l-2 border-line pl-4">{parts}</div>
    </details>
  );
});

export const UserRow = memo(function UserRow({
  message,
  onFork,
}: {
  message: Message;
  onFork: (message: Message) => void;
}) {
  const extra = message.parts.filter((part) => part.type === 'image' || part.type === 'file');
  return (
    <div className="group mt-5 mb-4 flex flex-col items-end gap-1">
      <h2 className="sr-only">{t('chat.you')}</h2>
      {extra.length > 0 && (
        <div className="flex flex-wrap justify-end gap-2">
          {extra.map((part, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: parts of a message keep their places
            <Attachment key={index} part={part} message={message} />
          ))}
        </div>
      )}
      <div className="flex max-w-full flex-row-reverse items-end gap-2">
        <div className="max-w-[85%] min-w-0 rounded-dialog bg-accent-soft px-3.5 py-2 text-prose break-words whitespace-pre-wrap">
          {textOf(message)}
        </div>
        <div className="flex h-10 shrink-0 items-center gap-1 text-label text-text-3 opacity-0 group-focus-within:opacity-100 group-hover:opacity-100">
          <IconButton small icon={GitFork} label={t('chat.fork.here')} onClick={() => onFork(message)} />
          <Time at={message.created_at} />
        </div>
      </div>
    </div>
  );
});

export const MarkRow = memo(function MarkRow({
  message,
  undone,
}: {
  message: Message;
  // It was taken back: its messages are in the context again.
  undone: boolean;
}) {
  const part = message.parts.find((one) => one.type === 'summary');
  if (!part) return null;
  const count = part.count ?? part.covers?.length ?? 0;
  return (
    <details className="my-4 rounded-card border border-dashed border-control">
      <summary className="flex min-h-8 list-none items-center gap-2 px-3 py-1 text-dense text-text-2">
        <Scissors size={14} aria-hidden />
        {t(undone ? 'chat.summary.undone' : part.dropped ? 'chat.summary.dropped' : 'chat.summary', {
          count,
        })}
      </summary>
      <div className="border-t border-dashed border-control px-3 py-2 text-body">
        <Markdown text={part.text} session={message.session_id} message={message.id} />
        {part.kept && part.kept.length > 0 && (
          <>
            <p className="mt-2 text-label font-medium text-text-2">{t('chat.summary.kept')}</p>
            <ul className="list-disc pl-5 text-dense">
              {part.kept.map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
          </>
        )}
      </div>
    </details>
  );
});
