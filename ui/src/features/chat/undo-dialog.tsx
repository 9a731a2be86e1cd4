// SPDX-License-Identifier: MIT
// Gives back the files that a turn changed: first what would happen to each, then it happens. What cannot be given back is said.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, type Schemas, take } from '@/api/client';
import { t } from '@/i18n';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { Checkbox } from '@/ui/field';
import { ErrorNote, Loaded } from '@/ui/states';
import { Chip, type Tone } from '@/ui/status';
import { toast } from '@/ui/toast';
import type { Turn } from './queries';

type Report = Schemas['UndoReport'];

const kTones: Partial<Record<Report['files'][number]['action'], Tone>> = {
  restored: 'ok',
  removed: 'ok',
  changed_since: 'warn',
  not_kept: 'bad',
  failed: 'bad',
  held: 'warn',
};

function Files({ report }: { report: Report }) {
  return (
    <div className="flex flex-col gap-3 text-dense">
      {report.files.length === 0 && <p className="text-text-2">{t('chat.undo.nothing')}</p>}
      {report.files.length > 0 && (
        <ul className="flex flex-col rounded-card border border-line">
          {report.files.map((file) => (
            <li
              key={`${file.step_id} ${file.path}`}
              className="flex flex-wrap items-center gap-2 px-3 py-1.5 not-first:border-t not-first:border-line"
            >
              <code className="min-w-0 flex-1 font-mono break-all">{file.path}</code>
              <Chip
                tone={kTones[file.action] ?? 'idle'}
                text={t(file.action === 'failed' ? 'chat.undo.failed_one' : `chat.undo.${file.action}`)}
              />
              {file.detail && <span className="basis-full text-label text-text-3">{file.detail}</span>}
            </li>
          ))}
        </ul>
      )}
      {report.not_undone.length > 0 && (
        <div>
          <p className="font-medium text-warn">{t('chat.undo.stays')}</p>
          <ul className="list-disc pl-5">
            {report.not_undone.map((step) => (
              <li key={step.step_id}>
                <code className="font-mono">{step.tool}</code> {step.summary}{' '}
                <span className="text-text-3">({step.reason})</span>
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

export function UndoDialog({ turn, onClose }: { turn: Turn; onClose: () => void }) {
  const queries = useQueryClient();
  const [force, setForce] = useState(false);
  const call = (body: Schemas['UndoRequest']) =>
    take(api.POST('/api/v1/turns/{id}/undo', { params: { path: { id: turn.id } }, body }));
  const plan = useQuery({
    queryKey: ['turns', turn.id, 'undo', force],
    queryFn: () => call({ dry_run: true, force }),
    staleTime: 0,
  });
  const undo = useMutation({
    mutationFn: () => call({ dry_run: false, force }),
    onSuccess: (report) => {
      void queries.invalidateQueries({ queryKey: ['turns', turn.id, 'undo'] });
      if (report.state !== 'undone') return;
      toast(t('chat.undo.done', { count: report.files.length }));
      onClose();
    },
  });
  const changed = plan.data?.files.some((file) => file.action === 'changed_since') ?? false;
  const able = plan.data?.files.some((file) => file.action === 'restored' || file.action === 'removed');
  const report = undo.data ?? plan.data;
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('chat.undo.title')}
      description={t('chat.undo.hint')}
      footer={
        <>
          <Button onClick={onClose}>{t('ui.keep')}</Button>
          <Button
            kind="danger"
            busy={undo.isPending}
            disabled={!able || undo.isSuccess}
            onClick={() => undo.mutate()}
          >
            {t('chat.undo.do')}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        <Loaded query={plan} what={t('chat.undo.failed')} rows={3}>
          {() => report && <Files report={report} />}
        </Loaded>
        {(changed || force) && (
          <Checkbox
            label={t('chat.undo.force')}
            hint={t('chat.undo.force.hint')}
            checked={force}
            onChange={(event) => setForce(event.target.checked)}
          />
        )}
        {undo.isError && <ErrorNote error={undo.error} what={t('chat.undo.failed')} />}
      </div>
    </Dialog>
  );
}
