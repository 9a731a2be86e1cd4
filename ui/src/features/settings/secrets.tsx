// SPDX-License-Identifier: MIT
import { useState } from 'react';
import { t } from '@/i18n';
import { EnvKeys } from '@/parts/env-keys';
import { RemoveDialog } from '@/parts/remove-dialog';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { Replaces, TextArea, TextField } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';
import { Table } from '@/ui/list';
import { Empty, Loaded } from '@/ui/states';
import { Time } from '@/ui/time';
import { toast } from '@/ui/toast';
import { usePutSecret, useRemoveSecret, useSecrets } from './queries';
import { VaultState } from './vault';

function AddDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [value, setValue] = useState('');
  const [hosts, setHosts] = useState('');
  const put = usePutSecret();
  const present = useSecrets().data?.items.find((one) => one.name === name);
  const typed = hosts.split(/\s+/).filter(Boolean);
  const save = () =>
    put.mutate(
      // What is left out stays: a secret that is there keeps its hosts.
      { name, value, ...(present && typed.length === 0 ? {} : { hosts: typed }) },
      {
        onSuccess: () => {
          toast(t('secrets.saved', { name }));
          onClose();
        },
      },
    );
  return (
    <FormDialog
      title={t('secrets.add')}
      verb={present ? t('ui.replace', { name }) : t('secrets.save')}
      busy={put.isPending}
      valid={name !== '' && value !== ''}
      error={put.error}
      failed={t('secrets.save.failed')}
      onSave={save}
      onClose={onClose}
    >
      <TextField
        label={t('secrets.name')}
        hint={present && <Replaces text={t('secrets.replaces', { name })} />}
        value={name}
        onChange={(event) => setName(event.target.value)}
        spellCheck={false}
      />
      <TextField
        label={t('secrets.value')}
        type="password"
        autoComplete="off"
        value={value}
        onChange={(event) => setValue(event.target.value)}
      />
      <TextArea
        label={t('secrets.hosts')}
        hint={
          present && present.hosts.length > 0
            ? t('secrets.hosts.keep', { hosts: present.hosts.join(', ') })
            : t('secrets.hosts.hint')
        }
        value={hosts}
        onChange={(event) => setHosts(event.target.value)}
        spellCheck={false}
      />
    </FormDialog>
  );
}

function ImportDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('secrets.import')}
      description={t('secrets.import.effect')}
      footer={<Button onClick={onClose}>{t('ui.cancel')}</Button>}
    >
      <EnvKeys
        label={t('secrets.import')}
        onStored={(names) => {
          toast(t('secrets.imported', { names: names.join(', ') }));
          onClose();
        }}
      />
    </Dialog>
  );
}

export function Secrets() {
  const secrets = useSecrets();
  const remove = useRemoveSecret();
  const [adding, setAdding] = useState(false);
  const [importing, setImporting] = useState(false);
  const [removing, setRemoving] = useState<string | null>(null);
  return (
    <>
      <VaultState />
      <div className="mb-3 flex flex-wrap items-center justify-between gap-3">
        <p className="max-w-[72ch] text-dense text-text-2">{t('secrets.lead')}</p>
        <div className="flex flex-wrap gap-2">
          <Button onClick={() => setImporting(true)}>{t('secrets.import')}</Button>
          <Button kind="primary" onClick={() => setAdding(true)}>
            {t('secrets.add')}
          </Button>
        </div>
      </div>
      <Loaded
        query={secrets}
        what={t('secrets.error')}
        empty={(data) =>
          data.items.length === 0 && <Empty title={t('secrets.empty')} why={t('secrets.empty.why')} />
        }
      >
        {(data) => (
          <Table
            label={t('settings.tab.secrets')}
            head={[t('secrets.name'), t('secrets.hosts'), t('ui.col.changed'), t('ui.col.actions')]}
          >
            {data.items.map((secret) => (
              <tr key={secret.name}>
                <td className="font-mono text-label">{secret.name}</td>
                <td className="font-mono text-label">{secret.hosts.join(', ') || t('secrets.nowhere')}</td>
                <td>
                  <Time at={secret.updated_at} />
                </td>
                <td>
                  <Button small kind="quiet" onClick={() => setRemoving(secret.name)}>
                    {t('secrets.rm')}
                  </Button>
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Loaded>
      {importing && <ImportDialog onClose={() => setImporting(false)} />}
      {adding && <AddDialog onClose={() => setAdding(false)} />}
      {removing && (
        <RemoveDialog
          kind="secrets"
          name={removing}
          id={removing}
          remove={remove}
          onClose={() => setRemoving(null)}
        />
      )}
    </>
  );
}
