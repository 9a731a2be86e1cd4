// SPDX-License-Identifier: MIT
// What a text would have said of the calls of the last days: how many decisions change, and which.
import { Link } from '@tanstack/react-router';
import { History } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { Schemas } from '@/api/client';
import { t } from '@/i18n';
import { count } from '@/lib/format';
import { Button } from '@/ui/button';
import { Select } from '@/ui/field';
import { Table } from '@/ui/list';
import { ErrorNote } from '@/ui/states';
import { Time } from '@/ui/time';
import { useReplay } from './queries';
import { LineLink, Verdict } from './verdict';

const kDays = [1, 7, 30, 90];
const kPage = 100;

function Changes({ report }: { report: Schemas['PolicyReplay'] }) {
  if (report.items.length === 0) return null;
  return (
    <Table
      label={t('replay.list')}
      head={[
        t('replay.col.at'),
        t('replay.col.call'),
        t('replay.col.was'),
        t('replay.col.becomes'),
        t('replay.col.rule'),
        t('replay.col.line'),
      ]}
    >
      {report.items.map((item) => (
        <tr key={item.step_id}>
          <td>
            <Time at={item.at} />
          </td>
          <td className="max-w-80">
            <Link
              to="/trace/$turn"
              params={{ turn: item.turn_id }}
              className="block truncate font-mono text-label underline decoration-line underline-offset-2"
              title={item.call}
            >
              {item.call}
            </Link>
          </td>
          <td className="whitespace-nowrap">
            <Verdict is={item.was.decision} />
          </td>
          <td className="whitespace-nowrap">
            <span aria-hidden className="mr-1.5 text-text-3">
              →
            </span>
            <Verdict is={item.becomes.decision} />
          </td>
          <td className="max-w-72 truncate font-mono text-label" title={item.becomes.reason}>
            {item.becomes.rule}
          </td>
          <td>
            <LineLink line={item.becomes.line} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

function ReplayReport({
  report,
  busy,
  onMore,
}: {
  report: Schemas['PolicyReplay'];
  busy: boolean;
  onMore: (cursor: string) => void;
}) {
  const next = report.next_cursor;
  return (
    <div role="status" className="flex flex-col gap-2 text-dense">
      <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <strong className="font-semibold">
          {t('replay.changed', { changed: report.changed, replayed: report.replayed })}
        </strong>
        {report.changes
          .filter((one) => one.was !== one.becomes && one.count > 0)
          .map((one) => (
            <span key={`${one.was}${one.becomes}`} className="inline-flex items-center gap-1">
              {count(one.count)} <Verdict is={one.was} /> <span aria-hidden>→</span>
              <span className="sr-only">{t('replay.to')}</span> <Verdict is={one.becomes} />
            </span>
          ))}
      </p>
      {report.not_replayed > 0 && (
        <details className="text-text-2">
          <summary className="min-h-6 text-label underline">
            {t('replay.gaps', { count: report.not_replayed })}
          </summary>
          <ul className="list-disc pl-5">
            {report.gaps
              .filter((gap) => gap.count > 0)
              .map((gap) => (
                <li key={gap.reason}>
                  {count(gap.count)}: {gap.text}
                </li>
              ))}
          </ul>
        </details>
      )}
      {report.truncated && <p className="text-warn">{t('replay.truncated')}</p>}
      <Changes report={report} />
      {next && (
        <p className="flex items-center gap-3 text-label text-text-3">
          {t('replay.listed', { count: report.items.length, total: report.changed })}
          <Button small busy={busy} onClick={() => onMore(next)}>
            {t('replay.more')}
          </Button>
        </p>
      )}
    </div>
  );
}

// `text` undefined: the rules in force.
export function Replay({ text }: { text?: string }) {
  const [days, setDays] = useState(7);
  const replay = useReplay();
  const { reset } = replay;
  const [report, setReport] = useState<Schemas['PolicyReplay'] | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: an answer belongs to the text it was given for
  useEffect(() => {
    reset();
    setReport(null);
  }, [text, reset]);
  const run = (cursor?: string) =>
    replay.mutate(
      { ...(text === undefined ? {} : { text }), days, limit: kPage, ...(cursor ? { cursor } : {}) },
      {
        onSuccess: (page) =>
          setReport((old) => (cursor && old ? { ...page, items: [...old.items, ...page.items] } : page)),
      },
    );
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-end gap-2">
        <div className="w-36">
          <Select
            label={t('replay.days')}
            hideLabel
            value={days}
            onChange={(event) => setDays(Number(event.target.value))}
          >
            {kDays.map((one) => (
              <option key={one} value={one}>
                {t('replay.last', { days: one })}
              </option>
            ))}
          </Select>
        </div>
        <Button icon={History} busy={replay.isPending} onClick={() => run()}>
          {t('replay.run')}
        </Button>
        <span className="text-label text-text-3">{t('replay.hint')}</span>
      </div>
      {replay.isError && <ErrorNote error={replay.error} what={t('replay.failed')} />}
      {report && <ReplayReport report={report} busy={replay.isPending} onMore={run} />}
    </div>
  );
}
