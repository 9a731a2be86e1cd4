// SPDX-License-Identifier: MIT
// Model servers found on this machine, with what their models need of it. Nothing is added by looking.
import { useQuery } from '@tanstack/react-query';
import { RefreshCw } from 'lucide-react';
import { api, type Schemas, take } from '@/api/client';
import { t } from '@/i18n';
import { bytes, tokens } from '@/lib/format';
import { Button } from '@/ui/button';
import { Card } from '@/ui/page';
import { Loaded } from '@/ui/states';
import { Chip, type Tone } from '@/ui/status';

type Server = Schemas['LocalServer'];
type Model = Schemas['LocalModel'];

export function useLocalServers() {
  return useQuery({ queryKey: ['local-servers'], queryFn: () => take(api.GET('/api/v1/providers/local')) });
}

const kFit: Record<Model['fit'], [Tone, string]> = {
  fits: ['ok', '✓'],
  tight: ['warn', '△'],
  too_big: ['bad', '✕'],
  unknown: ['idle', '○'],
};

function ModelRow({
  server,
  model,
  onUse,
}: {
  server: Server;
  model: Model;
  onUse?: ((server: Server, model: Model) => void) | undefined;
}) {
  const facts = [
    model.parameters,
    model.quantization,
    model.size_bytes === null ? null : bytes(model.size_bytes),
    model.context_tokens === null ? null : t('local.context', { count: tokens(model.context_tokens) }),
    model.elsewhere ? t('local.elsewhere') : null,
  ].filter(Boolean);
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 py-1.5">
      <span className="font-mono text-label break-all">{model.id}</span>
      <Chip tone={kFit[model.fit][0]} shape={kFit[model.fit][1]} text={t(`local.fit.${model.fit}`)} />
      <span className="text-label text-text-3">{facts.join(' · ')}</span>
      {onUse && (
        <Button
          small
          className="ml-auto"
          onClick={() => onUse(server, model)}
          aria-label={t('local.use.model', { model: model.id })}
        >
          {t('local.use')}
        </Button>
      )}
    </li>
  );
}

export function LocalServers({
  onUse,
  onAdd,
}: {
  onUse?: (server: Server, model: Model) => void;
  onAdd?: (server: Server) => void;
}) {
  const servers = useLocalServers();
  const again = (
    <Button small icon={RefreshCw} busy={servers.isFetching} onClick={() => void servers.refetch()}>
      {t('local.scan')}
    </Button>
  );
  return (
    <Loaded
      query={servers}
      what={t('local.error')}
      rows={3}
      empty={(data) =>
        data.items.length === 0 && (
          <div className="flex flex-wrap items-center gap-3 rounded-card border border-line bg-surface p-4 text-dense">
            <div className="min-w-60 flex-1">
              <p className="font-medium">{t('local.empty')}</p>
              <p className="text-text-2">{t('local.empty.why', { ports: data.ports.join(', ') })}</p>
            </div>
            {again}
          </div>
        )
      }
    >
      {(data) => (
        <div className="flex flex-col gap-3">
          <div className="flex items-center justify-between gap-3">
            <p className="text-label text-text-3">
              {data.memory
                ? t('local.memory', {
                    total: bytes(data.memory.total_bytes),
                    free: bytes(data.memory.available_bytes),
                  })
                : t('local.lead')}
            </p>
            {again}
          </div>
          {data.items.map((server) => (
            <Card
              key={server.base_url}
              title={`${server.name}${server.version ? ` ${server.version}` : ''}`}
              action={
                server.provider ? (
                  <Chip tone="ok" shape="✓" text={t('local.known', { provider: server.provider })} />
                ) : (
                  onAdd && (
                    <Button small onClick={() => onAdd(server)}>
                      {t('local.add', { name: server.name })}
                    </Button>
                  )
                )
              }
            >
              <p className="font-mono text-label text-text-3">{server.base_url}</p>
              {server.models.length === 0 ? (
                <p className="mt-1 text-dense text-text-2">{t('local.nomodels')}</p>
              ) : (
                <ul className="mt-1 divide-y divide-line">
                  {server.models.map((model) => (
                    <ModelRow key={model.id} server={server} model={model} onUse={onUse} />
                  ))}
                </ul>
              )}
            </Card>
          ))}
        </div>
      )}
    </Loaded>
  );
}
