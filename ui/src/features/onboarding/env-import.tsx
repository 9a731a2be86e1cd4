// SPDX-License-Identifier: MIT
// Keys of a pasted .env file go to the vault; the vendors they are for are offered next, whenever their keys lie there.
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { t } from '@/i18n';
import { EnvKeys } from '@/parts/env-keys';
import { Button } from '@/ui/button';
import { Card } from '@/ui/page';
import { ErrorNote } from '@/ui/states';
import { Chip } from '@/ui/status';
import { type Choose, ChooseOf } from './choose-model';
import { useAddProvider, usePresets, useProviders, useSecrets } from './queries';
import { type VendorKey, vendorKeys } from './vendor-keys';

// What no provider uses is not lost: what it is good for is said, and where.
function Kept({ names }: { names: string[] }) {
  if (names.length === 0) return null;
  return (
    <div className="rounded-card bg-sunken p-3 text-dense">
      <p>{t('welcome.model.env.kept', { names: names.join(', '), count: names.length })}</p>
      <p className="mt-1 text-text-2">{t('welcome.model.env.kept.why')}</p>
      <Link
        to="/settings"
        search={{ tab: 'secrets' }}
        className="mt-1 inline-block min-h-6 text-accent underline"
      >
        {t('welcome.model.env.kept.go')}
      </Link>
    </div>
  );
}

export function EnvImport() {
  const [stored, setStored] = useState<string[]>([]);
  const presets = usePresets();
  const known = presets.data?.items ?? [];
  const about = (name: string, names: string[]) => {
    const vendor = vendorKeys(names, known).find((one) => one.secret === name)?.preset;
    return vendor
      ? t('welcome.model.env.for', { vendor: vendor.about || vendor.name })
      : t('welcome.model.env.tools');
  };
  const used = new Set(vendorKeys(stored, known).map((one) => one.secret));
  return (
    <details className="rounded-card border border-line bg-surface p-4">
      <summary className="min-h-6 text-body font-semibold">{t('welcome.model.env')}</summary>
      <div className="mt-3 flex flex-col gap-3">
        <EnvKeys label={t('welcome.model.env')} about={about} onStored={setStored} />
        {stored.length > 0 && (
          <div role="status" className="text-dense text-ok">
            <p>{t('welcome.model.env.done', { names: stored.join(', ') })}</p>
            {used.size > 0 && <p>{t('welcome.model.env.next')}</p>}
          </div>
        )}
        <Kept names={stored.filter((name) => !used.has(name))} />
      </div>
    </details>
  );
}

function Offer({
  offer: { secret, preset },
  ready,
  onChoose,
  busy,
}: {
  offer: VendorKey;
  // It is among the providers already.
  ready: boolean;
  onChoose: Choose;
  busy: boolean;
}) {
  const add = useAddProvider();
  const [choosing, setChoosing] = useState(false);
  const vendor = preset.about || preset.name;
  return (
    <li className="py-2 first:pt-0 last:pb-0">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span className="min-w-52 flex-1 text-dense">
          <span className="font-medium">{vendor}</span>{' '}
          <span className="font-mono text-label break-all text-text-3">{secret}</span>
        </span>
        {ready && !add.isError && <Chip tone="ok" shape="✓" text={t('welcome.model.keys.ready')} />}
        {ready && !add.isError ? (
          !choosing &&
          !add.data && (
            <Button small onClick={() => setChoosing(true)}>
              {t('welcome.model.keys.choose', { vendor })}
            </Button>
          )
        ) : (
          <Button
            small
            busy={add.isPending}
            onClick={() => add.mutate({ name: preset.name, key_ref: `keychain:${secret}` })}
          >
            {t('welcome.model.keys.add', { vendor })}
          </Button>
        )}
      </div>
      {add.isError && <ErrorNote error={add.error} what={t('welcome.model.keys.failed', { vendor })} />}
      {add.data && (
        <p role="status" className="mt-2 text-dense text-ok">
          {t('welcome.model.cloud.added', { name: add.data.provider, count: add.data.models })}
        </p>
      )}
      {(add.data || choosing) && <ChooseOf provider={preset.name} onChoose={onChoose} busy={busy} />}
    </li>
  );
}

// Read from the vault, not from the import: it is still offered when set-up is taken up another day.
export function KeyOffers({ onChoose, busy }: { onChoose: Choose; busy: boolean }) {
  const secrets = useSecrets();
  const presets = usePresets();
  const providers = useProviders();
  const offers = vendorKeys(
    secrets.data?.items.map((secret) => secret.name) ?? [],
    presets.data?.items ?? [],
  );
  if (offers.length === 0) return null;
  const ready = new Set(providers.data?.items.map((provider) => provider.name));
  return (
    <Card title={t('welcome.model.keys')}>
      <p className="mb-3 text-dense text-text-2">{t('welcome.model.keys.why')}</p>
      <ul className="divide-y divide-line">
        {offers.map((offer) => (
          <Offer
            key={offer.preset.name}
            offer={offer}
            ready={ready.has(offer.preset.name)}
            onChoose={onChoose}
            busy={busy}
          />
        ))}
      </ul>
    </Card>
  );
}
