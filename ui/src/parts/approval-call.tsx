// SPDX-License-Identifier: MIT
// The action itself, as a person judges it: what runs, what it touches, the diff or the whole command, and the exact arguments.
import { type ReactNode, useMemo } from 'react';
import { t } from '@/i18n';
import { cx } from '@/lib/cx';
import { bytes } from '@/lib/format';
import { actionOf, callFacts } from './approval-facts';
import { unsaidArguments } from './approval-unsaid';
import { ExactText } from './exact-text';
import type { Approval } from './use-approval-answer';

function Target({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex min-w-0 gap-2">
      <dt className="w-24 shrink-0 text-text-3">{name}</dt>
      <dd className="flex min-w-0 flex-wrap gap-x-3">{children}</dd>
    </div>
  );
}

function fileNote(before: number | null, after: number | null): string {
  if (before === null) return t('card.file.new', { size: bytes(after ?? 0) });
  if (after === null) return t('card.file.gone');
  return t('card.file.changed', { before: bytes(before), after: bytes(after) });
}

function Targets({ approval }: { approval: Approval }) {
  const facts = callFacts(approval);
  return (
    <dl className="flex flex-col gap-0.5 text-dense">
      {facts.hosts.length > 0 && (
        <Target name={t('card.target.host', { count: facts.hosts.length })}>
          {facts.hosts.map((host) => (
            <mark key={host} className="rounded-control bg-warn-soft px-1 font-mono text-warn">
              <ExactText text={host} />
            </mark>
          ))}
        </Target>
      )}
      {facts.files.length > 0 && (
        <Target name={t('card.target.file', { count: facts.files.length })}>
          {facts.files.map((file) => (
            <span key={file.path} className="min-w-0 break-all">
              <mark className="rounded-control bg-warn-soft px-1 font-mono text-warn">
                <ExactText text={file.path} />
              </mark>{' '}
              <span className="text-text-3">{fileNote(file.before, file.after)}</span>
            </span>
          ))}
        </Target>
      )}
      {facts.programs.length > 0 && (
        <Target name={t('card.target.programs')}>
          {facts.programs.map(([name, path]) => (
            <code key={name} title={path} className="font-mono">
              <ExactText text={name} />
            </code>
          ))}
        </Target>
      )}
      {(facts.cwd !== null || facts.files.length > 0) && (
        <Target name={facts.cwd === null ? t('card.target.workspace') : t('card.target.cwd')}>
          <code className="min-w-0 font-mono break-all">
            <ExactText text={[facts.workspace, facts.cwd].filter((part) => part && part !== '.').join('/')} />
          </code>
        </Target>
      )}
    </dl>
  );
}

const kDiffLine: [prefix: string, style: string][] = [
  ['+++', 'text-text-3'],
  ['---', 'text-text-3'],
  ['@@', 'text-info'],
  ['+', 'bg-ok-soft text-ok'],
  ['-', 'bg-bad-soft text-bad'],
];

function isDiff(preview: string): boolean {
  return /^--- /m.test(preview) && /^@@ /m.test(preview);
}

// Lines are wrapped: nothing that would happen lies beyond the right edge.
function Preview({ text, whole, label }: { text: string; whole: boolean; label: string }) {
  const diff = isDiff(text);
  const lines = text.replace(/\n$/, '').split('\n');
  return (
    <section
      aria-label={label}
      tabIndex={0}
      className={cx(
        'overflow-auto rounded-control border border-line bg-sunken py-1 font-mono text-label leading-5',
        !whole && 'max-h-60',
      )}
    >
      <div>
        {lines.map((line, index) => (
          <div
            // biome-ignore lint/suspicious/noArrayIndexKey: a line has no other name
            key={index}
            className={cx(
              'px-3 wrap-anywhere whitespace-pre-wrap',
              diff && kDiffLine.find(([prefix]) => line.startsWith(prefix))?.[1],
            )}
          >
            {line ? <ExactText text={line} /> : ' '}
          </div>
        ))}
      </div>
    </section>
  );
}

// `whole`: nothing is cut in height. A call without a preview, or one not shown whole, shows its arguments at once; any other one
// those that its preview does not say.
export function ApprovalCall({ approval, whole }: { approval: Approval; whole: boolean }) {
  const facts = callFacts(approval);
  const marks = [...facts.hosts, ...facts.files.map((file) => file.path)];
  const showsArguments = whole || approval.preview === null || !approval.shown_whole;
  const action = actionOf(approval);
  const unsaid = useMemo(() => unsaidArguments(approval), [approval]);
  const shown = showsArguments ? approval.arguments : unsaid;
  const label = t(showsArguments ? 'card.arguments' : 'card.arguments.unsaid');
  return (
    <div className="flex min-w-0 flex-col gap-2.5">
      <p className="font-mono text-prose leading-6 font-semibold break-words whitespace-pre-wrap text-text">
        <ExactText text={action} marks={marks} />
      </p>
      <Targets approval={approval} />
      {approval.changes.length > 0 && (
        <div className="rounded-control border border-bad bg-bad-soft px-3 py-2 text-dense text-bad">
          <p className="font-medium">{t('card.changed')}</p>
          <ul className="mt-0.5 font-mono text-label">
            {approval.changes.map((change) => (
              <li key={change}>
                <ExactText text={change} />
              </li>
            ))}
          </ul>
        </div>
      )}
      {approval.preview && approval.preview.trim() !== action && (
        <Preview text={approval.preview} whole={whole} label={t('card.preview')} />
      )}
      {(showsArguments || Object.keys(unsaid).length > 0) && (
        <div className="flex flex-col gap-1">
          <p className="text-label text-text-3">{label}</p>
          <Preview text={JSON.stringify(shown, null, 2) ?? ''} whole={whole} label={label} />
        </div>
      )}
    </div>
  );
}
