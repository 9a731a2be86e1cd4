// SPDX-License-Identifier: MIT
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, lazy, Suspense, useState } from 'react';
import { api, take } from '@/api/client';
import { t } from '@/i18n';
import { Button } from '@/ui/button';
import { Confirm, Dialog } from '@/ui/dialog';
import { TextField } from '@/ui/field';
import { ErrorNote } from '@/ui/states';
import { BulkProgress, type useBulk } from './bulk';
import type { Session } from './queries';
import type { Row } from './query';

const ExportWizard = lazy(() => import('./export/wizard'));
const ImportDialog = lazy(() => import('./import-dialog'));

export type Open =
  | { what: 'rename'; row: Row }
  | { what: 'delete' | 'export'; rows: Row[] }
  | { what: 'import' }
  | null;

function Rename({
  row,
  onClose,
  onSaved,
}: {
  row: Row;
  onClose: () => void;
  onSaved: (session: Session) => void;
}) {
  const [title, setTitle] = useState(row.title);
  const saving = useMutation({
    mutationFn: () =>
      take(api.PATCH('/api/v1/sessions/{id}', { params: { path: { id: row.id } }, body: { title } })),
    onSuccess: (session) => {
      onSaved(session);
      onClose();
    },
  });
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    saving.mutate();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('sessions.rename')}
      footer={
        <>
          <Button onClick={onClose}>{t('ui.cancel')}</Button>
          <Button kind="primary" type="submit" form="session-rename" busy={saving.isPending}>
            {t('sessions.rename.save')}
          </Button>
        </>
      }
    >
      <form id="session-rename" onSubmit={onSubmit}>
        <TextField
          label={t('sessions.rename.label')}
          value={title}
          maxLength={200}
          onChange={(event) => setTitle(event.target.value)}
        />
      </form>
      {saving.isError && <ErrorNote error={saving.error} what={t('sessions.rename.failed')} />}
    </Dialog>
  );
}

export function Dialogs({
  open,
  onClose,
  bulk,
  onSaved,
}: {
  open: Open;
  onClose: () => void;
  bulk: ReturnType<typeof useBulk>;
  onSaved: (session: Session) => void;
}) {
  return (
    <Suspense fallback={null}>
      {open?.what === 'rename' && <Rename row={open.row} onClose={onClose} onSaved={onSaved} />}
      {open?.what === 'delete' && (
        <Confirm
          open
          onClose={onClose}
          onConfirm={() => {
            onClose();
            void bulk.run(open.rows, 'delete');
          }}
          title={t('sessions.delete.title', {
            count: open.rows.length,
            title: open.rows[0]?.title || open.rows[0]?.id,
          })}
          effect={t('sessions.delete.effect', {
            count: open.rows.length,
            messages: open.rows.reduce((sum, row) => sum + row.message_count, 0),
          })}
          verb={t('sessions.delete.verb', { count: open.rows.length })}
        />
      )}
      {open?.what === 'export' && <ExportWizard rows={open.rows} onClose={onClose} />}
      {open?.what === 'import' && <ImportDialog onClose={onClose} />}
      <BulkProgress bulk={bulk} />
    </Suspense>
  );
}
