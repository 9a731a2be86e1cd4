// SPDX-License-Identifier: MIT
// One process: what it is, the end of its output, and while it runs its input and its end.
import { Link } from '@tanstack/react-router';
import { Square, X } from 'lucide-react';
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { t } from '@/i18n';
import { absolute, count } from '@/lib/format';
import { ExactText } from '@/parts/exact-text';
import { Button, IconButton } from '@/ui/button';
import { TextField } from '@/ui/field';
import { Facts } from '@/ui/page';
import { ErrorNote, Loaded } from '@/ui/states';
import { toast } from '@/ui/toast';
import { ProcessState } from './columns';
import { type Process, useProcess, useWriteTo } from './queries';

// So near to the end of the output counts as being there.
const kNearEnd = 8;

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="border-t border-line px-4 py-3">
      <h3 className="pb-1.5 text-label font-semibold text-text-3">{title}</h3>
      {children}
    </section>
  );
}

function Output({ process }: { process: Process }) {
  const box = useRef<HTMLElement>(null);
  const isAtEnd = useRef(true);
  const lines = process.lines ?? [];
  const total = process.total_lines ?? lines.length;
  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines are what moves the end
  useEffect(() => {
    if (isAtEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [process.lines]);
  if (lines.length === 0)
    return (
      <p className="text-dense text-text-2">
        {t(process.state === 'running' ? 'processes.output.none' : 'processes.output.never')}
      </p>
    );
  return (
    <>
      {total > lines.length && (
        <p className="pb-1 text-label text-text-3">
          {t('processes.output.last', { count: count(lines.length), total: count(total) })}
        </p>
      )}
      <section
        ref={box}
        // It may scroll, so the keyboard has to reach it.
        tabIndex={0}
        aria-label={t('processes.output')}
        onScroll={({ currentTarget: seen }) => {
          isAtEnd.current = seen.scrollHeight - seen.scrollTop - seen.clientHeight < kNearEnd;
        }}
        className="max-h-96 overflow-auto rounded-control border border-line bg-sunken px-2 py-1 font-mono text-label leading-5"
      >
        {lines.map((line) => (
          <div key={line.number} className="break-words whitespace-pre-wrap">
            {line.stream === 'stderr' && (
              <span className="text-bad" title={t('processes.output.error')}>
                <span aria-hidden>! </span>
                <span className="sr-only">{t('processes.output.error')} </span>
              </span>
            )}
            <ExactText text={line.text} />
          </div>
        ))}
      </section>
    </>
  );
}

function Input({ id }: { id: string }) {
  const write = useWriteTo();
  const [text, setText] = useState('');
  const send = (event: FormEvent) => {
    event.preventDefault();
    write.mutate(
      { id, text: `${text}\n` },
      // What was typed meanwhile stays.
      { onSuccess: () => setText((now) => (now === text ? '' : now)) },
    );
  };
  return (
    <form onSubmit={send} className="flex flex-col gap-2">
      <TextField
        label={t('processes.input')}
        hideLabel
        hint={t('processes.input.hint')}
        value={text}
        onChange={(event) => setText(event.target.value)}
        autoComplete="off"
        spellCheck={false}
        className="font-mono"
      />
      <div className="flex flex-wrap gap-2">
        <Button small type="submit" busy={write.isPending}>
          {t('processes.input.send')}
        </Button>
        <Button
          small
          kind="quiet"
          busy={write.isPending}
          onClick={() =>
            write.mutate({ id, close: true }, { onSuccess: () => toast(t('processes.input.closed')) })
          }
        >
          {t('processes.input.close')}
        </Button>
      </div>
      {write.isError && <ErrorNote error={write.error} what={t('processes.input.failed')} />}
    </form>
  );
}

function factsOf(process: Process): [name: string, value: ReactNode][] {
  const facts: [string, ReactNode][] = [
    [
      t('processes.fact.command'),
      <code key="command" className="font-mono text-label break-all whitespace-pre-wrap">
        <ExactText text={process.command} />
      </code>,
    ],
  ];
  if (process.tag) facts.push([t('processes.fact.tag'), process.tag]);
  facts.push(
    [
      t('processes.fact.folder'),
      <code key="folder" className="text-label break-all">
        {process.cwd}
      </code>,
    ],
    [t('processes.fact.scope'), t(`processes.scope.${process.scope}`)],
    [t('processes.fact.mode'), process.mode],
    [t('processes.fact.hosts'), process.hosts.join(', ') || t('processes.fact.hosts.none')],
  );
  if (process.session_id)
    facts.push([
      t('processes.fact.session'),
      <Link
        key="session"
        to="/chat/$session"
        params={{ session: process.session_id }}
        className="font-mono text-label break-all text-accent underline"
      >
        {process.session_id}
      </Link>,
    ]);
  facts.push([t('processes.fact.started'), absolute(process.started_at)]);
  if (process.ended_at) facts.push([t('processes.fact.ended'), absolute(process.ended_at)]);
  if (process.reason) facts.push([t('processes.fact.reason'), process.reason]);
  facts.push([
    t('processes.fact.id'),
    <code key="id" className="text-label break-all select-all">
      {process.id}
    </code>,
  ]);
  return facts;
}

export function ProcessDetails({
  id,
  onStop,
  onClose,
}: {
  id: string;
  onStop: (process: Process) => void;
  onClose: () => void;
}) {
  const held = useProcess(id);
  const now = held.data;
  return (
    <div>
      <header className="sticky top-0 z-10 border-b border-line bg-surface px-4 py-3">
        <div className="flex items-start gap-2">
          <h2 className="min-w-0 flex-1 text-body font-semibold">{t('processes.details')}</h2>
          <IconButton small icon={X} label={t('processes.details.close')} keys="\" onClick={onClose} />
        </div>
        {now && (
          <div className="flex flex-wrap items-center gap-3 pt-1">
            <ProcessState process={now} />
            {now.state === 'running' && (
              <Button small icon={Square} onClick={() => onStop(now)}>
                {t('processes.rm')}
              </Button>
            )}
          </div>
        )}
      </header>
      <div className="px-4 py-3">
        <Loaded query={held} what={t('processes.one.error')} rows={4}>
          {(process) => <Facts facts={factsOf(process)} />}
        </Loaded>
      </div>
      {now && (
        <Section title={t('processes.output')}>
          <Output process={now} />
        </Section>
      )}
      {now?.state === 'running' && (
        <Section title={t('processes.input')}>
          <Input id={id} />
        </Section>
      )}
    </div>
  );
}
