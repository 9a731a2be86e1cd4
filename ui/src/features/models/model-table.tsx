// SPDX-License-Identifier: MIT
import type { UseQueryResult } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { menuOf } from '@/actions/menu-item';
import { useStateActions } from '@/actions/state-actions';
import type { Schemas } from '@/api/client';
import { t } from '@/i18n';
import { count, money, tokens } from '@/lib/format';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { FilterField } from '@/ui/field';
import { type Column, VirtualTable } from '@/ui/list';
import { Facts } from '@/ui/page';
import { useRowKeys } from '@/ui/row-menu';
import { Empty, ErrorNote, Loaded } from '@/ui/states';
import { Chip } from '@/ui/status';
import { toast } from '@/ui/toast';
import { useCatalog, useSetDefaultModel } from './queries';

type Model = Schemas['Model'];

const unknown = () => <span className="text-text-3">–</span>;
const amount = (value: number | null) =>
  value === null ? unknown() : <span title={count(value)}>{tokens(value)}</span>;

function columns(): Column<Model>[] {
  return [
    {
      id: 'model',
      header: t('models.col.model'),
      width: 'minmax(220px,2fr)',
      cell: (model) => (
        <span className="flex items-center gap-2">
          <span className="truncate font-mono text-label">{model.id}</span>
          {model.default && <Chip tone="info" shape="✓" text={t('models.default')} />}
        </span>
      ),
    },
    {
      id: 'context',
      header: t('models.col.context'),
      width: '80px',
      align: 'right',
      cell: (m) => amount(m.context_tokens),
    },
    {
      id: 'output',
      header: t('models.col.output'),
      width: '80px',
      align: 'right',
      cell: (m) => amount(m.max_output_tokens),
    },
    {
      id: 'in',
      header: t('models.col.input.price'),
      width: '110px',
      align: 'right',
      cell: (m) => (m.price ? money(m.price.input_per_million) : unknown()),
    },
    {
      id: 'out',
      header: t('models.col.output.price'),
      width: '110px',
      align: 'right',
      cell: (m) => (m.price ? money(m.price.output_per_million) : unknown()),
    },
    {
      id: 'takes',
      header: t('models.col.takes'),
      width: 'minmax(90px,1fr)',
      cell: (m) => m.takes?.join(', ') ?? unknown(),
    },
  ];
}

const yesNo = (value: boolean | null) =>
  value === null ? t('models.unknown') : t(value ? 'models.yes' : 'models.no');

function ModelDetails({ model, onClose }: { model: Model; onClose: () => void }) {
  const setDefault = useSetDefaultModel();
  const price = (of: { input_per_million: Schemas['Money']; output_per_million: Schemas['Money'] }) =>
    t('models.price.line', { input: money(of.input_per_million), output: money(of.output_per_million) });
  return (
    <Dialog
      open
      onClose={onClose}
      title={model.id}
      side="right"
      footer={
        !model.default && (
          <Button
            kind="primary"
            busy={setDefault.isPending}
            onClick={() =>
              setDefault.mutate(model.id, {
                onSuccess: () => toast(t('models.default.done', { model: model.id })),
              })
            }
          >
            {t('models.default.set')}
          </Button>
        )
      }
    >
      <Facts
        facts={[
          [t('models.fact.provider'), model.provider],
          [
            t('models.fact.context'),
            model.context_tokens
              ? t('models.tokens', { count: count(model.context_tokens) })
              : t('models.unknown'),
          ],
          [
            t('models.fact.output'),
            model.max_output_tokens
              ? t('models.tokens', { count: count(model.max_output_tokens) })
              : t('models.unknown'),
          ],
          [t('models.fact.tools'), yesNo(model.tools)],
          [t('models.fact.reasoning'), yesNo(model.reasoning)],
          [t('models.fact.takes'), model.takes?.join(', ') ?? t('models.unknown')],
          [t('models.fact.price'), model.price ? price(model.price) : t('models.unknown')],
          ...(model.price?.above
            ? [
                [
                  t('models.fact.above', { tokens: count(model.price.above.tokens) }),
                  price(model.price.above),
                ] as [string, string],
              ]
            : []),
          [
            t('models.fact.source'),
            [model.source, model.as_of].filter(Boolean).join(', ') || t('models.unknown'),
          ],
        ]}
      />
      {setDefault.isError && <ErrorNote error={setDefault.error} what={t('models.default.failed')} />}
    </Dialog>
  );
}

const kRowMenu = ['models.look', 'models.link'];

export function ModelTable({
  query,
  onAdd,
}: {
  query: UseQueryResult<{ items: Model[] }>;
  onAdd: () => void;
}) {
  const search: { q?: string; model?: string } = useSearch({ strict: false });
  const navigate = useNavigate();
  const catalog = useCatalog();
  const [focused, setFocused] = useState(0);
  const words = (search.q ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const shown = useMemo(() => columns(), []);
  const put = (change: Record<string, string | undefined>) =>
    void navigate({ to: '.', search: { ...search, ...change }, replace: true });
  const fits = (model: Model) => {
    const text =
      `${model.id} ${model.takes?.join(' ') ?? ''} ${model.tools ? 'tools' : ''} ${model.reasoning ? 'reasoning' : ''}`.toLowerCase();
    return words.every((word) => text.includes(word));
  };
  const rows = query.data?.items.filter(fits) ?? [];
  const at = Math.min(focused, rows.length - 1);
  const look = (model: Model) => put({ model: model.id });
  const row = rows[at];
  const actions = useStateActions('models', { row, look }, (one) => [
    one(
      'look',
      'models.look',
      [],
      (s) => s.row && s.look(s.row),
      (s) => s.row !== undefined,
    ),
  ]);
  const rowKeys = useRowKeys('models', row && `/models?model=${encodeURIComponent(row.id)}`);
  const chosen = query.data?.items.find((model) => model.id === search.model);
  return (
    <div className="flex h-full min-h-80 flex-col gap-3">
      <div className="flex flex-wrap items-end gap-3">
        <FilterField
          label={t('models.filter')}
          hint={t('models.filter.placeholder')}
          value={search.q ?? ''}
          onText={(q) => put({ q })}
        />
        {catalog.data && (
          <p className="text-label text-text-3">
            {t('models.catalog', { count: catalog.data.models, date: catalog.data.as_of })}
            {catalog.data.problem && (
              <span className="text-bad">
                {' '}
                {t('models.catalog.problem', { problem: catalog.data.problem })}
              </span>
            )}
          </p>
        )}
      </div>
      <Loaded
        query={query}
        what={t('models.error')}
        empty={(data) =>
          data.items.length === 0 && (
            <Empty
              title={t('models.empty')}
              why={t('models.empty.why')}
              action={<Button onClick={onAdd}>{t('providers.add')}</Button>}
            />
          )
        }
      >
        {() => {
          if (rows.length === 0)
            return (
              <Empty
                title={t('models.empty.filtered')}
                why={t('models.empty.filtered.why')}
                action={
                  <Button onClick={() => put({ q: undefined })}>
                    {t('models.clear', { count: words.length })}
                  </Button>
                }
              />
            );
          return (
            <VirtualTable
              label={t('models.title')}
              rows={rows}
              columns={shown}
              rowKey={(model) => model.id}
              focused={at}
              onFocus={setFocused}
              onOpen={look}
              rowMenu={rowKeys.menu(menuOf([...actions, ...rowKeys.actions], kRowMenu))}
            />
          );
        }}
      </Loaded>
      {chosen && <ModelDetails model={chosen} onClose={() => put({ model: undefined })} />}
    </div>
  );
}
