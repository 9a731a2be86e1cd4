// SPDX-License-Identifier: MIT
// Which conversation this is, how full its context is, and what can be done with it as a whole.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Ellipsis, PanelLeftOpen } from 'lucide-react';
import { type ReactNode, useMemo, useRef, useState } from 'react';
import { type Action, useActions } from '@/actions/actions';
import { menuItem } from '@/actions/menu-item';
import { api, type Schemas, take } from '@/api/client';
import { t } from '@/i18n';
import { sessionKind } from '@/lib/session-kind';
import { Button, IconButton } from '@/ui/button';
import { Confirm, Dialog } from '@/ui/dialog';
import { TextField } from '@/ui/field';
import { Menu } from '@/ui/menu';
import { ErrorNote } from '@/ui/states';
import { Chip } from '@/ui/status';
import { Meter } from './meter';
import { type Session, useContextReport } from './queries';

export function useSessionChange(session: Session) {
  const queries = useQueryClient();
  const path = { params: { path: { id: session.id } } };
  const change = useMutation({
    mutationFn: (body: Schemas['SessionChange']) =>
      take(api.PATCH('/api/v1/sessions/{id}', { ...path, body })),
    onSuccess: (next) => {
      queries.setQueryData(['sessions', 'one', session.id], next);
      void queries.invalidateQueries({ queryKey: ['sessions', 'chat'] });
    },
  });
  const remove = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/sessions/{id}', path)),
    onSuccess: () => void queries.invalidateQueries({ queryKey: ['sessions'] }),
  });
  return { change, remove };
}

function Rename({ session, onClose }: { session: Session; onClose: () => void }) {
  const { change } = useSessionChange(session);
  const [title, setTitle] = useState(session.title);
  const save = () => change.mutate({ title: title.trim() }, { onSuccess: onClose });
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('chat.rename')}
      footer={
        <Button kind="primary" busy={change.isPending} disabled={!title.trim()} onClick={save}>
          {t('chat.rename.save')}
        </Button>
      }
    >
      <TextField
        label={t('chat.rename.title')}
        value={title}
        autoFocus
        onChange={(event) => setTitle(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !event.nativeEvent.isComposing && title.trim()) save();
        }}
      />
      {change.isError && <ErrorNote error={change.error} what={t('chat.change.failed')} />}
    </Dialog>
  );
}

type Tools = {
  onContext: () => void;
  onFork: () => void;
  onStatus: (status: Session['status']) => void;
  onGone: () => void;
  announces: boolean;
  onAnnounces: (on: boolean) => void;
};

export function ChatHeader({
  session,
  listShown,
  onShowList,
  children,
}: {
  session: Session | undefined;
  listShown: boolean;
  onShowList: () => void;
  // What can be done with it: <SessionTools>.
  children?: ReactNode;
}) {
  return (
    <header className="flex h-12 shrink-0 items-center gap-2 border-b border-line px-3">
      {!listShown && <IconButton icon={PanelLeftOpen} label={t('chat.list.unfold')} onClick={onShowList} />}
      <h1 className="min-w-0 truncate text-body font-semibold">
        {session ? session.title || t('chat.untitled') : t('chat.new')}
      </h1>
      {session?.status === 'archived' && <Chip tone="idle" shape="○" text={t('chat.archived')} />}
      {session && sessionKind(session) === 'fork' && <Chip tone="idle" shape="⑂" text={t('chat.forked')} />}
      {session && sessionKind(session) === 'sub-agent' && (
        <Chip tone="idle" shape="↳" text={t('chat.child')} />
      )}
      <span className="ml-auto" />
      {children}
    </header>
  );
}

type Latest = Tools & { onDialog: (dialog: 'rename' | 'delete') => void; onMenu: () => void };

type Commands = { menu: Action; plain: Action[]; remove: Action };

// What can be done with the conversation as a whole, once for menu, palette and keys. The two whose names change come by themselves.
function useSessionActions(session: Session, given: Latest): Commands {
  const latest = useRef(given);
  latest.current = given;
  const navigate = useNavigate();
  const { id: sessionId } = session;
  const isArchived = session.status === 'archived';
  const { announces } = given;
  const actions = useMemo(() => {
    const one = (id: string, label: string, more: Partial<Action> & Pick<Action, 'run'>): Action => ({
      id: `chat.${id}`,
      label: t(label),
      group: t('palette.here'),
      ...more,
    });
    return {
      menu: one('menu', 'chat.menu', { keys: ['.'], run: () => latest.current.onMenu() }),
      plain: [
        one('rename', 'chat.rename', { keys: ['e'], run: () => latest.current.onDialog('rename') }),
        one('fork', 'chat.fork', { keys: ['shift+f'], writes: true, run: () => latest.current.onFork() }),
        one('context', 'chat.context.title', {
          words: 'compact summary tokens',
          run: () => latest.current.onContext(),
        }),
        one('processes', 'chat.processes', {
          words: 'background commands output stop',
          run: () => void navigate({ to: '/processes', search: { session: sessionId } }),
        }),
        one('archive', isArchived ? 'chat.unarchive' : 'chat.archive', {
          writes: true,
          run: () => latest.current.onStatus(isArchived ? 'active' : 'archived'),
        }),
        one('announce', announces ? 'chat.announce.off' : 'chat.announce', {
          run: () => latest.current.onAnnounces(!announces),
        }),
      ],
      remove: one('delete', 'chat.delete', {
        keys: ['delete', '#'],
        run: () => latest.current.onDialog('delete'),
      }),
    };
  }, [isArchived, announces, navigate, sessionId]);
  useActions(useMemo(() => [actions.menu, ...actions.plain, actions.remove], [actions]));
  return actions;
}

export function SessionTools({ session, ...tools }: Tools & { session: Session }) {
  const report = useContextReport(session.id);
  const [dialog, setDialog] = useState<'rename' | 'delete' | null>(null);
  const { remove } = useSessionChange(session);
  const [isMenuOpen, setMenuOpen] = useState(false);
  const { plain, remove: removal } = useSessionActions(session, {
    ...tools,
    onDialog: setDialog,
    onMenu: () => setMenuOpen(true),
  });
  const close = () => {
    setDialog(null);
    remove.reset();
  };
  return (
    <>
      {report.data && (
        <Button
          kind="quiet"
          small
          onClick={tools.onContext}
          aria-label={t('chat.context', { percent: report.data.percent })}
          title={t('chat.context', { percent: report.data.percent })}
        >
          <Meter percent={report.data.percent} />
          <span className="text-text-3">{report.data.percent} %</span>
        </Button>
      )}
      <Menu
        label={t('chat.more')}
        open={isMenuOpen}
        onOpenChange={setMenuOpen}
        trigger={<IconButton icon={Ellipsis} keys="." label={t('chat.more')} />}
        items={[...plain.map((action) => menuItem(action)), 'line', menuItem(removal, true)]}
      />
      {dialog === 'rename' && <Rename session={session} onClose={close} />}
      <Confirm
        open={dialog === 'delete'}
        onClose={close}
        onConfirm={() => remove.mutate(undefined, { onSuccess: tools.onGone })}
        busy={remove.isPending}
        title={t('chat.delete.title', { title: session.title })}
        effect={t('chat.delete.effect', { count: session.message_count })}
        verb={t('chat.delete')}
      >
        {remove.isError ? <ErrorNote error={remove.error} what={t('chat.delete.failed')} /> : undefined}
      </Confirm>
    </>
  );
}
