// SPDX-License-Identifier: MIT
// A way in for another browser: a login link as text and as QR code, made and shown only when a person asks, gone when it is over.
import { useEffect, useState } from 'react';
import { t } from '@/i18n';
import { useNow } from '@/lib/use-now';
import { Button } from '@/ui/button';
import { copyText } from '@/ui/copy';
import { Card } from '@/ui/page';
import { ErrorNote } from '@/ui/states';
import { useLoginLink, useStatus } from './queries';

function Drawn({ drawn }: { drawn: Blob }) {
  const [address, setAddress] = useState('');
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([drawn], { type: 'image/svg+xml' }));
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [drawn]);
  if (!address) return <div className="size-56" />;
  // White around it in both themes: readers need it.
  return (
    <img
      src={address}
      alt={t('devices.qr')}
      className="size-56 shrink-0 rounded-card border border-line bg-white"
    />
  );
}

function Shown({
  link,
  busy,
  onAgain,
  onHide,
}: {
  link: { url: string; expires_at: string; drawn: Blob };
  busy: boolean;
  onAgain: () => void;
  onHide: () => void;
}) {
  const now = useNow(1_000);
  const left = Math.max(0, Math.ceil((Date.parse(link.expires_at) - now) / 1000));
  const isOver = left === 0;
  return (
    <div className="flex flex-wrap items-start gap-4">
      {!isOver && <Drawn drawn={link.drawn} />}
      <div className="flex min-w-60 flex-1 flex-col gap-3">
        {isOver ? (
          <p role="status" className="text-dense">
            {t('devices.over')}
          </p>
        ) : (
          <>
            <p className="text-dense tabular-nums" aria-live="off">
              {t('devices.left', { seconds: left })}
            </p>
            <pre className="rounded-control bg-sunken p-2 font-mono text-label break-all whitespace-pre-wrap select-all">
              {link.url}
            </pre>
          </>
        )}
        <div className="flex flex-wrap gap-2">
          {!isOver && <Button onClick={() => copyText(link.url)}>{t('devices.copy')}</Button>}
          <Button kind={isOver ? 'primary' : 'plain'} busy={busy} onClick={onAgain}>
            {t('devices.again')}
          </Button>
          <Button kind="quiet" onClick={onHide}>
            {t('devices.hide')}
          </Button>
        </div>
      </div>
    </div>
  );
}

export function Devices() {
  const link = useLoginLink();
  const status = useStatus().data;
  const port = status?.url && !status.public_url ? new URL(status.url).port : '';
  return (
    <div className="flex max-w-3xl flex-col gap-4">
      <Card title={t('devices.title')}>
        <div className="flex flex-col gap-4">
          <p className="max-w-[72ch] text-dense text-text-2">{t('devices.lead')}</p>
          {status?.public_url && (
            <p className="max-w-[72ch] text-dense">{t('devices.public', { origin: status.public_url })}</p>
          )}
          {port && (
            <div className="rounded-card bg-sunken p-3 text-dense">
              <p>{t('devices.loopback')}</p>
              <pre className="my-2 font-mono text-label break-all whitespace-pre-wrap select-all">
                {`ssh -L ${port}:127.0.0.1:${port} you@this-machine`}
              </pre>
              <p>{t('devices.loopback.then')}</p>
            </div>
          )}
          {link.data ? (
            <Shown
              link={link.data}
              busy={link.isPending}
              onAgain={() => link.mutate()}
              onHide={() => link.reset()}
            />
          ) : (
            <Button kind="primary" className="self-start" busy={link.isPending} onClick={() => link.mutate()}>
              {t('devices.show')}
            </Button>
          )}
          {link.isError && <ErrorNote error={link.error} what={t('devices.failed')} />}
        </div>
      </Card>
      <p className="text-label text-text-3">{t('devices.signed')}</p>
    </div>
  );
}
