// SPDX-License-Identifier: MIT
// Whether the secrets are locked, and the passphrase that locks them: set, changed and taken away.
import { type FormEvent, useState } from 'react';
import { t } from '@/i18n';
import { Button } from '@/ui/button';
import { TextField } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';
import { ErrorNote } from '@/ui/states';
import { toast } from '@/ui/toast';
import { useLockVault, usePutPassphrase, useUnlockVault, useVault } from './queries';

type Asked = 'set' | 'change' | 'remove';

function Passphrase({
  label,
  hint,
  error,
  isNew,
  value,
  onValue,
}: {
  label: string;
  hint?: string;
  error?: string | undefined;
  isNew?: boolean;
  value: string;
  onValue: (value: string) => void;
}) {
  return (
    <TextField
      label={label}
      hint={hint}
      error={error}
      type="password"
      autoComplete={isNew ? 'new-password' : 'current-password'}
      value={value}
      onChange={(event) => onValue(event.target.value)}
    />
  );
}

function PassphraseDialog({ asked, onClose }: { asked: Asked; onClose: () => void }) {
  const put = usePutPassphrase();
  const [current, setCurrent] = useState('');
  const [fresh, setFresh] = useState('');
  const [again, setAgain] = useState('');
  const needsCurrent = asked !== 'set';
  const needsFresh = asked !== 'remove';
  const save = () =>
    put.mutate(
      { passphrase: needsFresh ? fresh : null, ...(needsCurrent ? { current } : {}) },
      {
        onSuccess: () => {
          toast(t(`vault.${asked}.done`));
          onClose();
        },
      },
    );
  return (
    <FormDialog
      title={t(`vault.${asked}`)}
      description={t(`vault.${asked}.effect`)}
      verb={t(`vault.${asked}.save`)}
      busy={put.isPending}
      valid={(!needsCurrent || current !== '') && (!needsFresh || (fresh !== '' && again === fresh))}
      error={put.error}
      failed={t('vault.passphrase.failed')}
      onSave={save}
      onClose={onClose}
    >
      {needsCurrent && (
        <Passphrase label={t('vault.passphrase.current')} value={current} onValue={setCurrent} />
      )}
      {needsFresh && (
        <>
          <Passphrase
            isNew
            label={t('vault.passphrase.new')}
            hint={t('vault.passphrase.new.hint')}
            value={fresh}
            onValue={setFresh}
          />
          <Passphrase
            isNew
            label={t('vault.passphrase.again')}
            error={again !== '' && again !== fresh ? t('vault.passphrase.differs') : undefined}
            value={again}
            onValue={setAgain}
          />
        </>
      )}
    </FormDialog>
  );
}

function Unlock() {
  const unlock = useUnlockVault();
  const [passphrase, setPassphrase] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    unlock.mutate(passphrase, {
      onSuccess: () => toast(t('vault.unlocked')),
      onSettled: () => setPassphrase(''),
    });
  };
  return (
    <form
      onSubmit={submit}
      className="mb-4 flex flex-wrap items-end gap-2 rounded-card border border-warn bg-warn-soft p-3"
    >
      <p className="w-full text-dense text-warn">{t('vault.locked')}</p>
      <Passphrase label={t('vault.passphrase')} value={passphrase} onValue={setPassphrase} />
      <Button kind="primary" type="submit" busy={unlock.isPending}>
        {t('vault.unlock')}
      </Button>
      {unlock.isError && <ErrorNote error={unlock.error} what={t('vault.failed')} />}
    </form>
  );
}

function Opened({ hasPassphrase, onAsk }: { hasPassphrase: boolean; onAsk: (asked: Asked) => void }) {
  const lock = useLockVault();
  if (!hasPassphrase)
    return (
      <div className="mb-3 flex flex-wrap items-center gap-x-3 gap-y-2">
        <p className="text-dense text-text-2">{t('vault.none')}</p>
        <Button small onClick={() => onAsk('set')}>
          {t('vault.set')}
        </Button>
      </div>
    );
  return (
    <div className="mb-3 flex flex-col items-start gap-2">
      <div className="flex flex-wrap gap-2">
        <Button small busy={lock.isPending} onClick={() => lock.mutate(undefined)}>
          {t('vault.lock')}
        </Button>
        <Button small onClick={() => onAsk('change')}>
          {t('vault.change')}
        </Button>
        <Button small kind="quiet" onClick={() => onAsk('remove')}>
          {t('vault.remove')}
        </Button>
      </div>
      {lock.isError && <ErrorNote error={lock.error} what={t('vault.lock.failed')} />}
    </div>
  );
}

export function VaultState() {
  const vault = useVault();
  const [asked, setAsked] = useState<Asked | null>(null);
  const state = vault.data;
  if (!state)
    return vault.isError ? (
      <div className="mb-3">
        <ErrorNote error={vault.error} what={t('vault.error')} retry={() => void vault.refetch()} />
      </div>
    ) : null;
  return (
    <>
      {state.has_passphrase && state.locked ? (
        <Unlock />
      ) : (
        <Opened hasPassphrase={state.has_passphrase} onAsk={setAsked} />
      )}
      {/* It stays when the vault locks itself meanwhile. */}
      {asked && <PassphraseDialog asked={asked} onClose={() => setAsked(null)} />}
    </>
  );
}
