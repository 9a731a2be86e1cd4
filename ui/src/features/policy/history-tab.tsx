// SPDX-License-Identifier: MIT
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import type { Schemas } from '@/api/client';
import { t } from '@/i18n';
import { bytes } from '@/lib/format';
import { Button } from '@/ui/button';
import { Confirm } from '@/ui/dialog';
import { Table } from '@/ui/list';
import { Empty, ErrorNote, Loaded, Waiting } from '@/ui/states';
import { Chip } from '@/ui/status';
import { Time } from '@/ui/time';
import { useHistory, useVersion } from './queries';
import { DraftGoes, Refused } from './refused';
import { Replay } from './replay';
import { TextDiff } from './text-diff';
import { useEdit, type Working } from './working';

type Version = Schemas['PolicyVersion'];

function Restore({
  version,
  text,
  working,
  onClose,
}: {
  version: Version;
  text: string;
  working: Working;
  onClose: () => void;
}) {
  const { error, attempt } = useEdit();
  return (
    <Confirm
      open
      onClose={onClose}
      onConfirm={() =>
        void attempt(
          () => working.replace(text, t('history.restored', { version: version.version })),
          onClose,
        )
      }
      busy={working.busy}
      title={t('history.restore.title', { version: version.version })}
      effect={t('history.restore.effect')}
      verb={t(working.dirty ? 'history.restore.draft' : 'history.restore')}
    >
      {working.dirty || error ? (
        <div className="flex flex-col gap-3">
          {working.dirty && <DraftGoes />}
          <Refused error={error} />
        </div>
      ) : undefined}
    </Confirm>
  );
}

function Shown({
  version,
  before,
  working,
}: {
  version: Version;
  before: Version | undefined;
  working: Working;
}) {
  const [against, setAgainst] = useState<'before' | 'now'>('before');
  const [restoring, setRestoring] = useState(false);
  const text = useVersion(version.version, undefined);
  const older = useVersion(before?.version, undefined);
  if (text.isError) return <ErrorNote error={text.error} what={t('history.what')} />;
  if (!text.data || (before && !older.data)) return <Waiting of={before ? [text, older] : [text]} />;
  const now = version.hash === working.file?.hash && version.exists;
  const [from, to] =
    against === 'before' ? [older.data?.text ?? '', text.data.text] : [text.data.text, working.saved];
  return (
    <section className="flex min-w-0 flex-col gap-3">
      <div className="flex flex-wrap items-center gap-2">
        <h2 className="flex-1 text-body font-semibold">
          {t('history.version', { version: version.version })}
        </h2>
        <Button
          small
          aria-pressed={against === 'before'}
          className={against === 'before' ? 'bg-accent-soft!' : ''}
          onClick={() => setAgainst('before')}
        >
          {t('history.before')}
        </Button>
        <Button
          small
          aria-pressed={against === 'now'}
          className={against === 'now' ? 'bg-accent-soft!' : ''}
          onClick={() => setAgainst('now')}
        >
          {t('history.now')}
        </Button>
        <Button
          small
          kind="primary"
          disabled={now || !version.exists || !version.valid}
          title={now ? t('history.is') : version.valid ? undefined : t('history.invalid.why')}
          onClick={() => setRestoring(true)}
        >
          {t('history.restore')}
        </Button>
      </div>
      {from === to ? (
        <p className="text-dense text-text-2">{t('history.same')}</p>
      ) : (
        <TextDiff before={from} after={to} />
      )}
      <Replay text={text.data.text} />
      {restoring && (
        <Restore
          version={version}
          text={text.data.text}
          working={working}
          onClose={() => setRestoring(false)}
        />
      )}
    </section>
  );
}

export function HistoryTab({ working }: { working: Working }) {
  const history = useHistory();
  const search = useSearch({ strict: false }) as Record<string, string | undefined>;
  const navigate = useNavigate();
  return (
    <Loaded
      query={history}
      what={t('history.what')}
      empty={(rows) => rows.length === 0 && <Empty title={t('history.none')} why={t('history.none.why')} />}
    >
      {(rows) => {
        const at = Math.max(
          0,
          rows.findIndex((row) => String(row.version) === search.version),
        );
        const chosen = rows[at];
        return (
          <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-6 xl:grid-cols-[minmax(320px,480px)_minmax(0,1fr)]">
            <Table
              label={t('policy.tab.history')}
              head={[
                t('history.col.version'),
                t('history.col.at'),
                t('history.col.author'),
                t('history.col.size'),
              ]}
            >
              {rows.map((row, index) => (
                <tr key={row.version} className={index === at ? 'bg-accent-soft' : 'hover:bg-sunken'}>
                  <td>
                    <button
                      type="button"
                      aria-current={index === at || undefined}
                      className="min-h-6 font-medium underline decoration-line underline-offset-2"
                      onClick={() =>
                        void navigate({
                          to: '.',
                          search: { ...search, version: String(row.version) },
                          replace: true,
                        })
                      }
                    >
                      {t('history.version', { version: row.version })}
                    </button>{' '}
                    {row.hash === working.file?.hash && row.exists && index === 0 && (
                      <Chip tone="ok" shape="✓" text={t('history.is')} />
                    )}
                    {!row.valid && <Chip tone="bad" shape="✕" text={t('history.invalid')} />}
                    {!row.exists && <Chip tone="idle" shape="○" text={t('history.removed')} />}
                  </td>
                  <td>
                    <Time at={row.at} />
                  </td>
                  <td>{row.author}</td>
                  <td className="whitespace-nowrap">{bytes(row.bytes)}</td>
                </tr>
              ))}
            </Table>
            {chosen && (
              <Shown key={chosen.version} version={chosen} before={rows[at + 1]} working={working} />
            )}
          </div>
        );
      }}
    </Loaded>
  );
}
