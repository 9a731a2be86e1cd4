// SPDX-License-Identifier: MIT
// What a person allowed for a session or for longer: until when, and the way back.
import { Link, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import type { Schemas } from '@/api/client';
import { t } from '@/i18n';
import { cx } from '@/lib/cx';
import { Button } from '@/ui/button';
import { Confirm, Dialog } from '@/ui/dialog';
import { TextField } from '@/ui/field';
import { Table } from '@/ui/list';
import { ErrorNote, Loaded } from '@/ui/states';
import { Time } from '@/ui/time';
import { toast } from '@/ui/toast';
import { useExpire, useGrants, useRevoke } from './queries';

type Grant = Schemas['Grant'];
const kEnds = ['1h', '1d', '7d', '30d', '90d'];

function Expiry({ grant, onClose }: { grant: Grant; onClose: () => void }) {
  const [end, setEnd] = useState('7d');
  const change = useExpire();
  const save = () => change.mutate({ id: grant.id, expires: end }, { onSuccess: onClose });
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('grants.expiry')}
      description={grant.rule}
      footer={
        <>
          <Button onClick={onClose}>{t('ui.cancel')}</Button>
          <Button kind="primary" busy={change.isPending} onClick={save}>
            {t('grants.expiry.save')}
          </Button>
        </>
      }
    >
      <form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <TextField
          label={t('grants.expiry.from')}
          hint={t('grants.expiry.hint')}
          value={end}
          onChange={(event) => setEnd(event.target.value)}
        />
        <div className="flex flex-wrap gap-2">
          {kEnds.map((one) => (
            <Button key={one} small onClick={() => setEnd(one)}>
              {one}
            </Button>
          ))}
        </div>
        {change.isError && <ErrorNote error={change.error} what={t('grants.expiry.failed')} />}
      </form>
    </Dialog>
  );
}

const showRow = (row: HTMLTableRowElement | null) => {
  row?.scrollIntoView?.({ block: 'center' });
};

function Rows({ grants }: { grants: Grant[] }) {
  // The address may name one by the approval that it was made with.
  const { grant: named } = useSearch({ strict: false }) as Record<string, string | undefined>;
  const isNamed = (grant: Grant) => named !== undefined && grant.approval_id === named;
  const [ending, setEnding] = useState<Grant | null>(null);
  const [revoking, setRevoking] = useState<Grant | null>(null);
  const revoke = useRevoke();
  return (
    <>
      <Table
        label={t('grants.title')}
        head={[
          t('grants.col.rule'),
          t('grants.col.scope'),
          t('grants.col.folder'),
          t('grants.col.since'),
          t('grants.col.until'),
          t('rules.col.actions'),
        ]}
      >
        {grants.map((grant) => (
          <tr
            key={grant.id}
            ref={isNamed(grant) ? showRow : null}
            aria-current={isNamed(grant) || undefined}
            className={cx('hover:bg-sunken', isNamed(grant) && 'outline-2 -outline-offset-2 outline-accent')}
          >
            <td className="font-mono text-label break-all">{grant.rule}</td>
            <td className="whitespace-nowrap">
              {grant.session_id && grant.scope !== 'always' ? (
                <Link
                  to="/chat/$session"
                  params={{ session: grant.session_id }}
                  className="underline decoration-line underline-offset-2"
                >
                  {t(`grants.scope.${grant.scope}`)}
                </Link>
              ) : (
                t(`grants.scope.${grant.scope}`)
              )}
            </td>
            <td className="text-label break-all">
              {grant.workspace === null
                ? t('grants.folder.gone')
                : grant.workspace || t('grants.folder.none')}
            </td>
            <td>
              <Time at={grant.created_at} />
            </td>
            <td>{grant.expires_at ? <Time at={grant.expires_at} /> : t('grants.never')}</td>
            <td className="whitespace-nowrap">
              <Button small kind="quiet" onClick={() => setEnding(grant)}>
                {t('grants.change')}
              </Button>
              <Button small kind="quiet" className="text-bad" onClick={() => setRevoking(grant)}>
                {t('grants.revoke')}
              </Button>
            </td>
          </tr>
        ))}
      </Table>
      {ending && <Expiry grant={ending} onClose={() => setEnding(null)} />}
      <Confirm
        open={revoking !== null}
        onClose={() => setRevoking(null)}
        busy={revoke.isPending}
        title={t('grants.revoke.title')}
        effect={t('grants.revoke.effect')}
        verb={t('grants.revoke')}
        onConfirm={() =>
          revoking &&
          revoke.mutate(revoking.id, {
            onSuccess: () => {
              setRevoking(null);
              toast(t('grants.revoked'));
            },
          })
        }
      >
        <p className="font-mono text-dense break-all">{revoking?.rule}</p>
        {revoke.isError && <ErrorNote error={revoke.error} what={t('grants.revoke.failed')} />}
      </Confirm>
    </>
  );
}

export function Grants() {
  const grants = useGrants();
  return (
    <section className="flex flex-col gap-2">
      <h2 className="text-body font-semibold">{t('grants.title')}</h2>
      <p className="text-dense text-text-2">{t('grants.lead')}</p>
      <Loaded
        query={grants}
        what={t('grants.what')}
        rows={3}
        empty={(rows) =>
          rows.length === 0 && (
            <p className="rounded-card border border-dashed border-line p-4 text-dense text-text-2">
              {t('grants.none')}
            </p>
          )
        }
      >
        {(rows) => <Rows grants={rows} />}
      </Loaded>
    </section>
  );
}
