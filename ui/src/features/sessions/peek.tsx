// SPDX-License-Identifier: MIT
// A session without leaving the list: what it is, how it began, what it started.
import { Link } from '@tanstack/react-router';
import { GitFork, MessageSquare, Waypoints, X } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Schemas } from '@/api/client';
import { t } from '@/i18n';
import { absolute, count, money, tokens } from '@/lib/format';
import { Button, IconButton } from '@/ui/button';
import { Facts } from '@/ui/page';
import { ErrorNote, Waiting } from '@/ui/states';
import { Status } from '@/ui/status';
import { Time } from '@/ui/time';
import { SessionState } from './columns';
import { useChildren, useSessionCost, useTranscriptStart, useWorkspaceNames } from './queries';
import type { Row } from './query';

const kShownMessages = 8;
const kShownChars = 700;

type Message = Schemas['Message'];

function partText(part: Schemas['Part']): ReactNode {
  if (part.type === 'tool_call' || part.type === 'tool_result') {
    return (
      <span className="font-mono text-label text-text-2">
        {part.tool} {part.type === 'tool_call' ? part.text.slice(0, 160) : part.ok === false ? '✕' : '✓'}
      </span>
    );
  }
  if (part.type === 'image' || part.type === 'file')
    return (
      <span className="text-text-2">
        {t(`sessions.part.${part.type}`)}: {part.name}
      </span>
    );
  const text = part.text.length > kShownChars ? `${part.text.slice(0, kShownChars)}…` : part.text;
  return <span className={part.type === 'reasoning' ? 'text-text-3 italic' : ''}>{text}</span>;
}

function MessageStart({ message, onFork }: { message: Message; onFork: (message: string) => void }) {
  return (
    <li className="group border-l-2 border-line pl-3 data-[role=user]:border-accent" data-role={message.role}>
      <p className="flex min-h-6 items-center gap-2 text-label text-text-3">
        <span className="font-semibold">{t(`sessions.role.${message.role}`)}</span>
        <Time at={message.created_at} />
        <span className="ml-auto flex opacity-0 group-focus-within:opacity-100 group-hover:opacity-100">
          <IconButton
            small
            icon={GitFork}
            label={t('sessions.fork.from')}
            onClick={() => onFork(message.id)}
          />
          {message.turn_id && (
            <Link
              to="/trace/$turn"
              params={{ turn: message.turn_id }}
              aria-label={t('sessions.trace.turn')}
              title={t('sessions.trace.turn')}
              className="inline-flex size-7 items-center justify-center rounded-control hover:bg-sunken"
            >
              <Waypoints size={16} aria-hidden />
            </Link>
          )}
        </span>
      </p>
      {message.parts.map((part, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: parts have no name of their own
        <p key={index} className="text-dense break-words whitespace-pre-wrap">
          {partText(part)}
        </p>
      ))}
    </li>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="border-t border-line px-4 py-3">
      <h3 className="pb-2 text-label font-semibold text-text-3">{title}</h3>
      {children}
    </section>
  );
}

function Start({ row, onFork }: { row: Row; onFork: (message: string) => void }) {
  const start = useTranscriptStart(row.id, kShownMessages);
  if (start.isError)
    return (
      <ErrorNote error={start.error} what={t('sessions.start.failed')} retry={() => void start.refetch()} />
    );
  if (!start.data) return <Waiting of={[start]} rows={3} />;
  const { items } = start.data;
  if (items.length === 0) return <p className="text-dense text-text-2">{t('sessions.start.none')}</p>;
  const more = row.message_count - items.length;
  return (
    <>
      <ol className="flex flex-col gap-3">
        {items.map((message) => (
          <MessageStart key={message.id} message={message} onFork={onFork} />
        ))}
      </ol>
      {start.data.next_cursor && more > 0 && (
        <p className="pt-2 text-label text-text-3">{t('sessions.start.more', { count: more })}</p>
      )}
    </>
  );
}

function Children({ id }: { id: string }) {
  const children = useChildren(id);
  if (children.isError)
    return (
      <Section title={t('sessions.children')}>
        <ErrorNote error={children.error} what={t('sessions.children.failed')} />
      </Section>
    );
  if (!children.data || children.data.items.length === 0) return null;
  return (
    <Section title={t('sessions.children')}>
      <ul className="flex flex-col gap-1">
        {children.data.items.map((child) => (
          <li key={child.id}>
            <Link
              to="/sessions"
              search={(old: object) => ({ ...old, peek: child.id })}
              className="flex items-center gap-2 rounded-control px-2 py-1.5 text-dense hover:bg-sunken"
            >
              <Status bare state={child.turn_state} />
              <span className="min-w-0 flex-1 truncate">{child.task}</span>
              <span className="text-label text-text-3">{tokens(child.used_tokens)}</span>
            </Link>
          </li>
        ))}
      </ul>
    </Section>
  );
}

export function Peek({
  row,
  state,
  onClose,
  onOpen,
  onFork,
  onTrace,
}: {
  row: Row;
  state: string;
  onClose: () => void;
  onOpen: () => void;
  onFork: (message?: string) => void;
  onTrace: () => void;
}) {
  const cost = useSessionCost(row.id);
  const workspaces = useWorkspaceNames();
  const total = cost.data;
  const workspace = row.workspace_id ? workspaces.get(row.workspace_id) : undefined;
  const facts: [string, ReactNode][] = [
    [t('sessions.fact.agent'), row.agent],
    [t('sessions.fact.model'), row.model ?? t('sessions.defaultModel')],
    [
      t('sessions.fact.workspace'),
      workspace ? (
        <code key="workspace" className="text-label break-all">
          {workspace}
        </code>
      ) : (
        t('sessions.fact.private')
      ),
    ],
    [t('sessions.fact.surface'), row.surface],
    [t('sessions.fact.messages'), count(row.message_count)],
    [
      t('sessions.fact.tokens'),
      total
        ? `${count(total.usage.input_tokens)} → ${count(total.usage.output_tokens)} · ${t('sessions.fact.calls', { count: total.calls })}`
        : '–',
    ],
    [t('sessions.fact.cost'), total ? money(total.cost) : '–'],
    [t('sessions.fact.created'), absolute(row.created_at)],
    [t('sessions.fact.updated'), absolute(row.updated_at)],
    ...(row.parent_id
      ? [
          [
            t('sessions.fact.parent'),
            <Link
              key="parent"
              to="/sessions"
              search={(old: object) => ({ ...old, peek: row.parent_id ?? '' })}
              className="font-mono text-label break-all text-accent underline"
            >
              {row.parent_id}
            </Link>,
          ] as [string, ReactNode],
        ]
      : []),
    [
      t('sessions.fact.id'),
      <code key="id" className="text-label break-all select-all">
        {row.id}
      </code>,
    ],
  ];
  return (
    <div>
      <header className="sticky top-0 z-10 border-b border-line bg-surface px-4 py-3">
        <div className="flex items-start gap-2">
          <div className="min-w-0 flex-1">
            <h2 className="text-body font-semibold break-words">{row.title || t('sessions.untitled')}</h2>
            <div className="pt-1">
              <SessionState state={state} />
            </div>
          </div>
          <IconButton small icon={X} label={t('sessions.peek.close')} keys="\" onClick={onClose} />
        </div>
        <div className="flex flex-wrap gap-2 pt-3">
          <Button small kind="primary" icon={MessageSquare} keys="enter" onClick={onOpen}>
            {t('sessions.open')}
          </Button>
          <Button small icon={Waypoints} title={t('sessions.trace')} onClick={onTrace}>
            {t('sessions.trace.short')}
          </Button>
          <Button small icon={GitFork} onClick={() => onFork()}>
            {t('sessions.fork')}
          </Button>
        </div>
      </header>
      <div className="px-4 py-3">
        <Facts facts={facts} />
      </div>
      <Children id={row.id} />
      <Section title={t('sessions.start')}>
        <Start row={row} onFork={onFork} />
      </Section>
    </div>
  );
}
