// SPDX-License-Identifier: MIT
import { type FormEvent, useState } from 'react';
import type { Schemas } from '@/api/client';
import { t } from '@/i18n';
import { RemoveDialog } from '@/parts/remove-dialog';
import { Button } from '@/ui/button';
import { TextField } from '@/ui/field';
import { Table } from '@/ui/list';
import { Empty, ErrorNote, Loaded } from '@/ui/states';
import { Chip } from '@/ui/status';
import { Time } from '@/ui/time';
import { toast } from '@/ui/toast';
import { useAddWorkspace, useRemoveWorkspace, useWorkspaces } from './queries';

function AddForm() {
  const [path, setPath] = useState('');
  const add = useAddWorkspace();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate(path, {
      onSuccess: (workspace) => {
        toast(t('workspaces.added', { name: workspace.name }));
        setPath('');
      },
    });
  };
  return (
    <form onSubmit={submit} className="mb-4 flex max-w-160 flex-wrap items-end gap-2">
      <div className="min-w-60 flex-1">
        <TextField
          label={t('workspaces.path')}
          placeholder={t('workspaces.path.hint')}
          value={path}
          onChange={(event) => setPath(event.target.value)}
          spellCheck={false}
          required
        />
      </div>
      <Button kind="primary" type="submit" busy={add.isPending}>
        {t('workspaces.add')}
      </Button>
      {add.isError && <ErrorNote error={add.error} what={t('workspaces.add.failed')} />}
    </form>
  );
}

export function Workspaces() {
  const workspaces = useWorkspaces();
  const remove = useRemoveWorkspace();
  const [removing, setRemoving] = useState<Schemas['Workspace'] | null>(null);
  return (
    <>
      <AddForm />
      <Loaded
        query={workspaces}
        what={t('workspaces.error')}
        empty={(data) =>
          data.items.length === 0 && <Empty title={t('workspaces.empty')} why={t('workspaces.empty.why')} />
        }
      >
        {(data) => (
          <Table
            label={t('settings.tab.workspaces')}
            head={[t('ui.col.name'), t('workspaces.path'), t('ui.col.added'), t('ui.col.actions')]}
          >
            {data.items.map((workspace) => (
              <tr key={workspace.id}>
                <td className="font-medium">
                  {workspace.name} {workspace.private && <Chip tone="idle" text={t('workspaces.private')} />}
                </td>
                <td className="font-mono text-label break-all">{workspace.path}</td>
                <td>
                  <Time at={workspace.created_at} />
                </td>
                <td>
                  <Button small kind="quiet" onClick={() => setRemoving(workspace)}>
                    {t('workspaces.rm')}
                  </Button>
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Loaded>
      {removing && (
        <RemoveDialog
          kind="workspaces"
          name={removing.name}
          id={removing.id}
          remove={remove}
          onClose={() => setRemoving(null)}
        />
      )}
    </>
  );
}
