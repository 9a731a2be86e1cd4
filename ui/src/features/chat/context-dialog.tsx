// SPDX-License-Identifier: MIT
// How full the conversation is, what a summary would stand for before it is made, and the way back.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, type Schemas, take } from '@/api/client';
import { t } from '@/i18n';
import { count, tokens } from '@/lib/format';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { Facts } from '@/ui/page';
import { ErrorNote, Loaded } from '@/ui/states';
import { Time } from '@/ui/time';
import { toast } from '@/ui/toast';
import { Meter } from './meter';
import { useContextReport } from './queries';

function Preview({ preview }: { preview: Schemas['CompactPreview'] }) {
  if (preview.messages === 0) return <p className="text-dense text-text-2">{t('chat.compact.nothing')}</p>;
  return (
    <div className="flex flex-col gap-2 rounded-card border border-line p-3 text-dense">
      <p>{t('chat.compact.stands', { count: preview.messages })}</p>
      {preview.unread_messages > 0 && <p>{t('chat.compact.unread', { count: preview.unread_messages })}</p>}
      <Facts
        facts={[
          [t('chat.compact.from'), <q key="f">{preview.first?.text}</q>],
          [t('chat.compact.to'), <q key="t">{preview.last?.text}</q>],
          [t('chat.compact.by'), <code key="m">{preview.model}</code>],
          [
            t('chat.compact.size'),
            t('chat.compact.tokens', {
              some: count(preview.tokens_to_summarise),
              all: count(preview.tokens_before),
            }),
          ],
        ]}
      />
      {preview.kept.length > 0 && (
        <div>
          <p className="text-label font-medium text-text-2">{t('chat.summary.kept')}</p>
          <ul className="list-disc pl-5">
            {preview.kept.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

function Pins({ session, pins }: { session: string; pins: Schemas['Pin'][] }) {
  const queries = useQueryClient();
  const unpin = useMutation({
    mutationFn: (name: string) =>
      take(api.DELETE('/api/v1/sessions/{id}/pins/{name}', { params: { path: { id: session, name } } })),
    onSettled: () => void queries.invalidateQueries({ queryKey: ['context', session] }),
  });
  return (
    <ul className="flex flex-col gap-1 text-dense">
      {pins.map((pin) => (
        <li key={pin.id} className="flex items-center gap-2">
          <span className="text-label text-text-3">{pin.kind}</span>
          <span className="min-w-0 flex-1">{pin.text}</span>
          <Button small kind="quiet" busy={unpin.isPending} onClick={() => unpin.mutate(pin.id)}>
            {t('chat.pin.remove')}
          </Button>
        </li>
      ))}
    </ul>
  );
}

export function ContextDialog({ session, onClose }: { session: string; onClose: () => void }) {
  const queries = useQueryClient();
  const report = useContextReport(session);
  const path = { params: { path: { id: session } } };
  const preview = useQuery({
    queryKey: ['context', session, 'preview'],
    queryFn: async () =>
      (await take(
        api.POST('/api/v1/sessions/{id}/compact', { ...path, body: { preview: true } }),
      )) as Schemas['CompactPreview'],
  });
  const refresh = () => {
    void queries.invalidateQueries({ queryKey: ['context', session] });
    void queries.invalidateQueries({ queryKey: ['messages', session] });
  };
  const compact = useMutation({
    mutationFn: () => take(api.POST('/api/v1/sessions/{id}/compact', { ...path, body: { preview: false } })),
    onSuccess: () => {
      toast(t('chat.compact.begun'));
      refresh();
      onClose();
    },
  });
  const undo = useMutation({
    mutationFn: () => take(api.POST('/api/v1/sessions/{id}/compact/undo', path)),
    onSuccess: (taken) => {
      toast(t('chat.compact.undone', { count: taken.covered }));
      refresh();
    },
  });
  const standing = report.data?.compactions.filter((one) => !one.undone_at) ?? [];
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('chat.context.title')}
      description={t('chat.context.hint')}
      footer={
        <>
          {standing.length > 0 && (
            <Button busy={undo.isPending} onClick={() => undo.mutate()}>
              {t('chat.compact.undo')}
            </Button>
          )}
          <Button
            kind="primary"
            busy={compact.isPending}
            disabled={!preview.data || preview.data.messages === 0}
            onClick={() => compact.mutate()}
          >
            {t('chat.compact.do')}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <Loaded query={report} what={t('chat.context.failed')} rows={2}>
          {(data) => (
            <div className="flex flex-col gap-1">
              <Meter percent={data.percent} wide />
              <p className="text-dense">
                {t('chat.context.used', {
                  used: tokens(data.used_tokens),
                  limit: tokens(data.limit_tokens),
                  percent: data.percent,
                })}
                {!data.limit_known && <span className="text-text-3"> {t('chat.context.guess')}</span>}
              </p>
              {data.unread_messages > 0 && (
                <p className="text-dense">{t('chat.context.unread', { count: data.unread_messages })}</p>
              )}
              {data.pins.length > 0 && <Pins session={session} pins={data.pins} />}
              {data.compactions.map((one) => (
                <p key={one.message_id} className="text-label text-text-2">
                  {t(one.undone_at ? 'chat.compact.was' : 'chat.compact.is', {
                    count: one.covered,
                    before: tokens(one.tokens_before),
                    after: tokens(one.tokens_after),
                  })}{' '}
                  <Time at={one.undone_at ?? one.created_at} />
                </p>
              ))}
            </div>
          )}
        </Loaded>
        <Loaded query={preview} what={t('chat.compact.failed')} rows={3}>
          {(data) => <Preview preview={data} />}
        </Loaded>
        {(compact.isError || undo.isError) && (
          <ErrorNote error={compact.error ?? undo.error} what={t('chat.compact.failed')} />
        )}
      </div>
    </Dialog>
  );
}
