// SPDX-License-Identifier: MIT
// Which conversation this is, how full its context is, and what can be done with it as a whole.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Ellipsis, PanelLeftOpen } from 'lucide-react';
import { useState } from 'react';
import { api, type Schemas, take } from '@/api/client';
import { t } from '@/i18n';
import { sessionKind } from '@/lib/session-kind';
import { Button, IconButton } from '@/ui/button';
import { Confirm, Dialog } from '@/ui/dialog';
import { TextField } from '@/ui/field';
import { Menu, type MenuItem } from '@/ui/menu';
import { ErrorNote } from '@/ui/states';
import { Chip } from '@/ui/status';
import { toast } from '@/ui/toast';
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
    onError: (error) => toast(t('chat.change.failed', { error: error.message }), { tone: 'bad' }),
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
        onKeyDown={(event) => event.key === 'Enter' && title.trim() && save()}
      />
    </Dialog>
  );
}

export function ChatHeader({
  session,
  listShown,
  onShowList,
  onContext,
  onFork,
  onGone,
  announces,
  onAnnounces,
}: {
  session: Session | undefined;
  listShown: boolean;
  onShowList: () => void;
  onContext: () => void;
  onFork: () => void;
  onGone: () => void;
  announces: boolean;
  onAnnounces: (on: boolean) => void;
}) {
  const [dialog, setDialog] = useState<'rename' | 'delete' | null>(null);
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
      {session && (
        <SessionTools
          session={session}
          onContext={onContext}
          onFork={onFork}
          onGone={onGone}
          announces={announces}
          onAnnounces={onAnnounces}
          dialog={dialog}
          setDialog={setDialog}
        />
      )}
    </header>
  );
}

function SessionTools({
  session,
  onContext,
  onFork,
  onGone,
  announces,
  onAnnounces,
  dialog,
  setDialog,
}: {
  session: Session;
  onContext: () => void;
  onFork: () => void;
  onGone: () => void;
  announces: boolean;
  onAnnounces: (on: boolean) => void;
  dialog: 'rename' | 'delete' | null;
  setDialog: (dialog: 'rename' | 'delete' | null) => void;
}) {
  const report = useContextReport(session.id);
  const { change, remove } = useSessionChange(session);
  const close = () => setDialog(null);
  const archived = session.status === 'archived';
  const items: MenuItem[] = [
    { label: t('chat.rename'), run: () => setDialog('rename') },
    { label: t('chat.fork'), writes: true, run: onFork },
    { label: t('chat.context.title'), run: onContext },
    {
      label: archived ? t('chat.unarchive') : t('chat.archive'),
      writes: true,
      run: () => change.mutate({ status: archived ? 'active' : 'archived' }),
    },
    { label: t(announces ? 'chat.announce.off' : 'chat.announce'), run: () => onAnnounces(!announces) },
    'line',
    { label: t('chat.delete'), run: () => setDialog('delete'), danger: true },
  ];
  return (
    <>
      {report.data && (
        <Button
          kind="quiet"
          small
          onClick={onContext}
          aria-label={t('chat.context', { percent: report.data.percent })}
          title={t('chat.context', { percent: report.data.percent })}
        >
          <Meter percent={report.data.percent} />
          <span className="text-text-3">{report.data.percent} %</span>
        </Button>
      )}
      <Menu
        label={t('chat.more')}
        trigger={<IconButton icon={Ellipsis} label={t('chat.more')} />}
        items={items}
      />
      {dialog === 'rename' && <Rename session={session} onClose={close} />}
      <Confirm
        open={dialog === 'delete'}
        onClose={close}
        onConfirm={() => remove.mutate(undefined, { onSuccess: onGone })}
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
