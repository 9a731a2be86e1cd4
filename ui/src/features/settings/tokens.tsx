// SPDX-License-Identifier: MIT
import { useState } from 'react';
import type { Schemas } from '@/api/client';
import { t } from '@/i18n';
import { RemoveDialog } from '@/parts/remove-dialog';
import { Button } from '@/ui/button';
import { copyText } from '@/ui/copy';
import { Dialog } from '@/ui/dialog';
import { Checkbox, Select, TextField } from '@/ui/field';
import { Table } from '@/ui/list';
import { Empty, ErrorNote, Loaded } from '@/ui/states';
import { Chip } from '@/ui/status';
import { Time } from '@/ui/time';
import { useCreateToken, useRevokeToken, useTokens } from './queries';

const kScopes = ['read', 'chat', 'tools', 'approve', 'admin'];
const kDays = [7, 30, 90, 365];

// The value is shown once, and this dialog holds it only until it is closed.
function CreateDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<string[]>(['read']);
  const [days, setDays] = useState('90');
  const create = useCreateToken();
  const token = create.data?.token;
  const toggle = (scope: string, on: boolean) =>
    setScopes((all) => (on ? [...all, scope] : all.filter((one) => one !== scope)));
  const submit = () => create.mutate({ name, scopes, ...(days ? { expires_in: `${days}d` } : {}) });
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('tokens.add')}
      footer={
        token ? (
          <>
            <Button onClick={() => copyText(token)}>{t('tokens.copy')}</Button>
            <Button kind="primary" onClick={onClose}>
              {t('tokens.done')}
            </Button>
          </>
        ) : (
          <Button
            kind="primary"
            busy={create.isPending}
            disabled={!name || scopes.length === 0}
            onClick={submit}
          >
            {t('tokens.create')}
          </Button>
        )
      }
    >
      {token ? (
        <div className="flex flex-col gap-2">
          <p className="text-dense">{t('tokens.once')}</p>
          <pre className="overflow-x-auto rounded-control bg-sunken p-3 font-mono text-dense select-all">
            {token}
          </pre>
        </div>
      ) : (
        <div className="flex flex-col gap-4">
          <TextField
            label={t('tokens.name')}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
          <fieldset className="flex flex-col gap-1">
            <legend className="mb-1 text-label font-medium text-text-2">{t('tokens.scopes')}</legend>
            {kScopes.map((scope) => (
              <Checkbox
                key={scope}
                label={t(`tokens.scope.${scope}`)}
                checked={scopes.includes(scope)}
                onChange={(event) => toggle(scope, event.target.checked)}
              />
            ))}
          </fieldset>
          <Select label={t('tokens.expires')} value={days} onChange={(event) => setDays(event.target.value)}>
            {kDays.map((value) => (
              <option key={value} value={value}>
                {t('tokens.expires.days', { count: value })}
              </option>
            ))}
            <option value="">{t('tokens.expires.never')}</option>
          </Select>
          {create.isError && <ErrorNote error={create.error} what={t('tokens.create.failed')} />}
        </div>
      )}
    </Dialog>
  );
}

export function Tokens() {
  const tokens = useTokens();
  const revoke = useRevokeToken();
  const [creating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<Schemas['Token'] | null>(null);
  return (
    <>
      <div className="mb-3 flex justify-end">
        <Button kind="primary" onClick={() => setCreating(true)}>
          {t('tokens.add')}
        </Button>
      </div>
      <Loaded
        query={tokens}
        what={t('tokens.error')}
        empty={(data) =>
          data.items.length === 0 && <Empty title={t('tokens.empty')} why={t('tokens.empty.why')} />
        }
      >
        {(data) => (
          <Table
            label={t('settings.tab.tokens')}
            head={[
              t('tokens.name'),
              t('tokens.scopes'),
              t('ui.col.created'),
              t('tokens.expires'),
              t('ui.col.actions'),
            ]}
          >
            {data.items.map((token) => (
              <tr key={token.id}>
                <td className="font-medium">{token.name}</td>
                <td>
                  <span className="flex flex-wrap gap-1">
                    {token.scopes.map((scope) => (
                      <Chip key={scope} tone={scope === 'admin' ? 'warn' : 'info'} text={scope} />
                    ))}
                  </span>
                </td>
                <td>
                  <Time at={token.created_at} />
                </td>
                <td>{token.expires_at ? <Time at={token.expires_at} /> : t('tokens.expires.never')}</td>
                <td>
                  <Button small kind="quiet" onClick={() => setRevoking(token)}>
                    {t('tokens.rm')}
                  </Button>
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Loaded>
      {creating && <CreateDialog onClose={() => setCreating(false)} />}
      {revoking && (
        <RemoveDialog
          kind="tokens"
          name={revoking.name}
          id={revoking.id}
          remove={revoke}
          onClose={() => setRevoking(null)}
        />
      )}
    </>
  );
}
