// SPDX-License-Identifier: MIT
// One conversation: its transcript, what happens in it now, and the composer below.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useMemo, useRef, useState } from 'react';
import { type Action, useActions } from '@/actions/actions';
import { api, take } from '@/api/client';
import { sendMessage, useOutbox } from '@/api/outbox';
import { Problem } from '@/api/problem';
import { t } from '@/i18n';
import { announceOn, setAnnounce } from '@/lib/preferences';
import { Button } from '@/ui/button';
import { Empty, ErrorNote, Waiting } from '@/ui/states';
import { toast } from '@/ui/toast';
import { Announcer } from './announcer';
import { askAgain } from './ask-again';
import { ChatHeader, SessionTools, useSessionChange } from './chat-header';
import { Composer, type ComposerHandle } from './composer';
import { type DialogName, Dialogs } from './dialogs';
import { OutboxRows } from './outbox-rows';
import {
  type Session,
  type Turn,
  useContextReport,
  useLiveFeed,
  useOlder,
  useOpenTurns,
  usePendingApprovals,
  useSession,
  useStatus,
  useTranscript,
} from './queries';
import { type Message, toRows, turnsOf } from './transcript';
import { TranscriptView } from './transcript-view';
import { copyLink, type TurnCommands } from './turn-end';

const kNoMessages: Message[] = [];
const kAtWork = ['running', 'waiting'];

const hasStatus = (error: unknown, status: number) => error instanceof Problem && error.status === status;

// What was refused, by the field that the person looks at, until it is done or waved away.
function Refusals({ all }: { all: [{ error: unknown; reset: () => void }, what: string][] }) {
  const some = all.filter(([{ error }]) => error !== null);
  if (some.length === 0) return null;
  return (
    <div className="mb-2 flex flex-col gap-2">
      {some.map(([{ error, reset }, what]) => (
        <ErrorNote key={what} error={error} what={t(what)} onDismiss={reset} />
      ))}
    </div>
  );
}

type Frame = { listShown: boolean; onShowList: () => void };

export function Conversation({ id, ...frame }: Frame & { id: string }) {
  const session = useSession(id);
  // It may have been deleted while it was open: what was read of it does not stand for it then.
  const gone = hasStatus(session.error, 404);
  if (session.data && !gone) return <Loaded key={id} session={session.data} {...frame} />;
  return (
    <div className="flex min-w-0 flex-1 flex-col">
      <h1 className="sr-only">{t('chat.title')}</h1>
      <div className="p-6">
        {gone && <Empty title={t('chat.gone')} why={t('chat.gone.why')} />}
        {gone && <OutboxRows session={id} />}
        {session.isError && !gone && (
          <ErrorNote
            error={session.error}
            what={t('chat.load.failed')}
            retry={() => void session.refetch()}
          />
        )}
        {session.isPending && <Waiting of={[session]} rows={6} />}
      </div>
    </div>
  );
}

function useCommands(session: Session, model: string, messages: Message[], openModels: () => void) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [undoing, setUndoing] = useState<Turn | null>(null);
  const stop = useMutation({
    mutationFn: (turn: Turn) =>
      take(api.POST('/api/v1/turns/{id}/cancel', { params: { path: { id: turn.id } } })),
    onSuccess: (turn) => queries.setQueryData(['turns', turn.id], turn),
  });
  const fork = useMutation({
    mutationFn: (message: Message | null) =>
      take(
        api.POST('/api/v1/sessions/{id}/fork', {
          params: { path: { id: session.id } },
          body: message ? { message_id: message.id } : {},
        }),
      ),
    onSuccess: (copy) => {
      toast(t('chat.fork.done'));
      void queries.invalidateQueries({ queryKey: ['sessions'] });
      void navigate({ to: '/chat/$session', params: { session: copy.id } });
    },
  });
  const latest = useRef(messages);
  latest.current = messages;
  const { mutate: doStop } = stop;
  const commands: TurnCommands = useMemo(
    () => ({
      model,
      stop: doStop,
      undo: setUndoing,
      switchModel: openModels,
      retry: async (turn) => {
        const asked = latest.current.find((one) => one.turn_id === turn.id && one.role === 'user');
        if (!asked) throw new Error(t('chat.retry.none'));
        await askAgain(queries, asked);
      },
    }),
    [doStop, model, openModels, queries],
  );
  return { commands, stop, fork, undoing, setUndoing };
}

function Loaded({ session, listShown, onShowList }: Frame & { session: Session }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const search = useSearch({ strict: false }) as Record<string, string | undefined>;
  const transcript = useTranscript(session.id);
  const messages = transcript.data?.items ?? kNoMessages;
  const older = useOlder(session.id);
  const rows = useMemo(() => toRows(messages), [messages]);
  const turns = useMemo(() => turnsOf(messages), [messages]);
  const openTurns = useOpenTurns(turns);
  useLiveFeed(session.id, openTurns);
  const approvals = usePendingApprovals(session.id, openTurns.length > 0);
  const compactions = useContextReport(session.id).data?.compactions;
  const undone = useMemo(
    () => new Set(compactions?.flatMap((one) => (one.undone_at ? [one.message_id] : []))),
    [compactions],
  );
  const status = useStatus();
  const sent = useOutbox((state) => state.items.at(-1)?.key ?? '');
  const model = session.model ?? status.data?.default_model ?? t('chat.model.default');
  const [dialog, setDialog] = useState<DialogName | null>(null);
  const [announces, setAnnouncing] = useState(announceOn());
  const composer = useRef<ComposerHandle>(null);
  const openModels = useCallback(() => setDialog('model'), []);
  const { commands, stop, fork, undoing, setUndoing } = useCommands(session, model, messages, openModels);
  const { change } = useSessionChange(session);
  const { mutate: doFork } = fork;
  const atWork =
    openTurns.find((turn) => kAtWork.includes(turn.state)) ??
    openTurns.find((turn) => turn.state === 'queued');

  const working = useRef(atWork);
  working.current = atWork;
  const waiting = useRef(false);
  waiting.current = approvals.size > 0;
  const actions: Action[] = useMemo(
    () => [
      {
        id: 'chat.stop',
        label: t('chat.stop'),
        group: t('palette.here'),
        keys: ['escape', 'mod+.'],
        enabled: () => working.current !== undefined,
        run: () => working.current && commands.stop(working.current),
      },
      {
        id: 'chat.focus',
        label: t('chat.focus'),
        group: t('palette.here'),
        keys: ['i'],
        run: () => composer.current?.focus(),
      },
      {
        id: 'chat.approval',
        label: t('chat.approval'),
        group: t('palette.here'),
        keys: ['shift+a'],
        enabled: () => waiting.current,
        run: () => document.querySelector<HTMLElement>('[data-approval] footer button')?.focus(),
      },
      { id: 'chat.model', label: t('chat.switch'), group: t('palette.here'), keys: ['m'], run: openModels },
      {
        id: 'chat.link',
        label: t('chat.link.session'),
        group: t('palette.here'),
        keys: ['c l'],
        run: () => copyLink(session.id),
      },
    ],
    [commands, openModels, session.id],
  );
  useActions(actions);
  const onFork = useCallback((message: Message) => doFork(message), [doFork]);
  return (
    <div className="flex min-h-0 min-w-0 flex-1 flex-col">
      <ChatHeader session={session} listShown={listShown} onShowList={onShowList}>
        <SessionTools
          session={session}
          onContext={() => setDialog('context')}
          onFork={() => doFork(null)}
          onStatus={(status) => change.mutate({ status })}
          onGone={() => void navigate({ to: '/chat' })}
          announces={announces}
          onAnnounces={(on) => {
            setAnnounce(on);
            setAnnouncing(on);
          }}
        />
      </ChatHeader>
      {transcript.data === undefined ? (
        <div className="mx-auto w-full max-w-190 flex-1 p-4">
          {transcript.isError ? (
            <ErrorNote
              error={transcript.error}
              what={t('chat.load.failed')}
              retry={() => void transcript.refetch()}
            />
          ) : (
            <Waiting of={[transcript]} rows={8} />
          )}
        </div>
      ) : (
        <TranscriptView
          rows={rows}
          openTurns={openTurns}
          approvals={approvals}
          catchingUp={transcript.isFetching}
          undone={undone}
          commands={commands}
          onFork={onFork}
          tail={<OutboxRows session={session.id} />}
          sent={sent}
          older={transcript.data.older ? older : null}
          place={{ turn: search.turn ?? '', step: search.step ?? '' }}
        />
      )}
      <Announcer turn={atWork?.id} on={announces} />
      <div className="mx-auto w-full max-w-190 shrink-0 px-4 pb-4">
        <Refusals
          all={[
            // Else it ended in the same moment.
            [hasStatus(stop.error, 409) ? { ...stop, error: null } : stop, 'chat.stop.failed'],
            [fork, 'chat.fork.failed'],
            [change, 'chat.change.failed'],
          ]}
        />
        <Composer
          key={session.id}
          scope={session.id}
          handle={composer}
          running={atWork !== undefined}
          busy={false}
          onSend={async (text, images) => {
            sendMessage(
              queries,
              session.id,
              text,
              images.map((file) => ({ file })),
            );
            return true;
          }}
          onStop={() => atWork && commands.stop(atWork)}
          chips={
            <Button kind="quiet" small keys="m" title={t('chat.switch')} onClick={openModels}>
              <span className="max-w-48 truncate font-mono">{model}</span>
            </Button>
          }
        />
      </div>
      <Dialogs
        name={undoing ? 'undo' : dialog}
        session={session}
        turn={undoing}
        onClose={() => {
          setDialog(null);
          setUndoing(null);
        }}
        onModel={(next) =>
          change.mutate({ model: next }, { onSuccess: () => toast(t('chat.model.changed', { model: next })) })
        }
      />
    </div>
  );
}
