// SPDX-License-Identifier: MIT
// The same change for many sessions: a few at a time, with progress, stoppable, and each refusal told by its reason.
import { useCallback, useEffect, useRef, useState } from 'react';
import { api, take } from '@/api/client';
import { Problem } from '@/api/problem';
import { t } from '@/i18n';
import { count } from '@/lib/format';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { toast } from '@/ui/toast';
import type { Session } from './queries';
import type { Row } from './query';

const kAtOnce = 4;

export type Change = 'archive' | 'unarchive' | 'delete';
type Refusal = { row: Row; why: string };
export type Work = {
  change: Change;
  total: number;
  done: number;
  refused: Refusal[];
  state: 'on' | 'over' | 'stopped';
};

const kDone: Record<Change, string> = {
  archive: 'sessions.bulk.archived',
  unarchive: 'sessions.bulk.unarchived',
  delete: 'sessions.bulk.deleted',
};

async function apply(row: Row, change: Change): Promise<Session | null> {
  const path = { id: row.id };
  if (change === 'delete') {
    try {
      await take(api.DELETE('/api/v1/sessions/{id}', { params: { path } }));
    } catch (error) {
      // Gone already: that of a sub-agent goes with the session which started it, perhaps one of the same lot.
      if (!(error instanceof Problem && error.status === 404)) throw error;
    }
    return null;
  }
  const status = change === 'archive' ? 'archived' : 'active';
  return take(api.PATCH('/api/v1/sessions/{id}', { params: { path }, body: { status } }));
}

const listOf = (refused: Refusal[]) =>
  refused.map(({ row, why }) => `${row.title || row.id}: ${why}`).join('\n');

// `onChanged` is called for each as it is done: with what it is then, or null when it is gone.
export function useBulk(onChanged: (id: string, session: Session | null) => void) {
  const [work, setWork] = useState<Work | null>(null);
  const stopped = useRef(false);
  const isHere = useRef(true);
  useEffect(() => {
    isHere.current = true;
    return () => {
      isHere.current = false;
    };
  }, []);
  const run = useCallback(
    async (rows: Row[], change: Change): Promise<Refusal[]> => {
      stopped.current = false;
      const state: Work = { change, total: rows.length, done: 0, refused: [], state: 'on' };
      const changed: Row[] = [];
      setWork({ ...state });
      const queue = [...rows];
      const worker = async () => {
        for (let row = queue.shift(); row && !stopped.current; row = queue.shift()) {
          try {
            onChanged(row.id, await apply(row, change));
            changed.push(row);
          } catch (error) {
            state.refused.push({ row, why: error instanceof Error ? error.message : String(error) });
          }
          state.done += 1;
          setWork({ ...state });
        }
      };
      await Promise.all(Array.from({ length: kAtOnce }, worker));
      state.state = stopped.current ? 'stopped' : 'over';
      const isClean = state.refused.length === 0 && state.state === 'over';
      setWork(isClean ? null : { ...state });
      if (changed.length === 0) return state.refused;
      const back = change === 'archive' ? 'unarchive' : change === 'unarchive' ? 'archive' : null;
      const undo = async () => {
        const refused = await run(changed, back ?? change);
        // The dialog that lists them went with the page.
        if (refused.length > 0 && !isHere.current) throw new Error(listOf(refused));
      };
      toast(t(kDone[change], { count: changed.length }), back ? { undo } : {});
      return state.refused;
    },
    [onChanged],
  );
  return {
    work,
    run,
    stop: () => {
      stopped.current = true;
    },
    close: () => setWork(null),
  };
}

export function BulkProgress({ bulk }: { bulk: ReturnType<typeof useBulk> }) {
  const { work } = bulk;
  // What is over in a moment shows no dialog.
  if (!work || (work.state === 'on' && work.total <= kAtOnce)) return null;
  const isOn = work.state === 'on';
  return (
    <Dialog
      open
      onClose={isOn ? bulk.stop : bulk.close}
      title={t(`sessions.bulk.${work.change}`, { count: work.total })}
      footer={
        isOn ? (
          <Button onClick={bulk.stop}>{t('sessions.bulk.stop')}</Button>
        ) : (
          <Button onClick={bulk.close}>{t('sessions.bulk.close')}</Button>
        )
      }
    >
      <progress
        className="h-2 w-full accent-(--accent)"
        aria-label={t(`sessions.bulk.${work.change}`, { count: work.total })}
        max={work.total}
        value={work.done}
      />
      <p role="status" className="pt-1 text-dense text-text-2">
        {work.state === 'stopped'
          ? t('sessions.bulk.stopped', { done: count(work.done), total: count(work.total) })
          : t('sessions.bulk.progress', { done: count(work.done), total: count(work.total) })}
      </p>
      {work.refused.length > 0 && (
        <div role="alert" className="mt-3 rounded-card border border-bad bg-bad-soft p-3 text-dense">
          <p className="font-medium text-bad">{t('sessions.bulk.failed', { count: work.refused.length })}</p>
          <ul className="mt-1 max-h-60 overflow-y-auto">
            {work.refused.map(({ row, why }) => (
              <li key={row.id} className="py-0.5">
                <span className="font-medium">{row.title || row.id}</span>: {why}
              </li>
            ))}
          </ul>
        </div>
      )}
    </Dialog>
  );
}
