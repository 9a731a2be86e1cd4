// SPDX-License-Identifier: MIT
// Work that took long and is over, or needs a word now, is told to a person who looks at something else. The note only points at the
// conversation: what was said there, or what went wrong, stands at its turn.
import { Link, useRouter } from '@tanstack/react-router';
import { useRef } from 'react';
import { api, take } from '@/api/client';
import type { BusEventOf } from '@/bus/bus';
import { useBusEvent } from '@/bus/use-bus-event';
import { t } from '@/i18n';
import { duration } from '@/lib/format';
import { sessionKind } from '@/lib/session-kind';
import { toast } from '@/ui/toast';
import { closeOverlay } from './shell-state';

// From here on the conversation itself speaks of a long turn too.
const kLongMs = 10_000;

const kEnds: Record<string, 'done' | 'failed' | 'waits'> = {
  'turn.completed': 'done',
  'turn.failed': 'failed',
  'turn.needs_attention': 'waits',
  'approval.needed': 'waits',
};

const kOver = new Set<string>(['turn.completed', 'turn.failed', 'turn.cancelled']);

async function beginOf(turn: string): Promise<number> {
  const { started_at, created_at } = await take(
    api.GET('/api/v1/turns/{id}', { params: { path: { id: turn } } }),
  );
  return Date.parse(started_at ?? created_at);
}

type TurnEvent = BusEventOf<'turn.*' | 'approval.*'>;

export function useEndNotices(): void {
  const router = useRouter();
  // Turns that are not over: when they began, as far as this page heard of it, and whose question was told of.
  const begun = useRef(new Map<string, number>());
  const asking = useRef(new Set<string>());

  const tell = async (event: TurnEvent, begin: number | undefined) => {
    const { turn_id: turn } = event.payload;
    const kind = kEnds[event.event];
    const took = Date.parse(event.timestamp) - (begin ?? (await beginOf(turn)));
    if (!kind || !event.session_id || took < kLongMs) return;
    const session = await take(
      api.GET('/api/v1/sessions/{id}', { params: { path: { id: event.session_id } } }),
    );
    // What a sub-agent did is in the answer of the one that asked it.
    const isOthers = sessionKind(session) === 'sub-agent';
    if (isOthers && kind !== 'waits') return;
    const { pathname } = router.state.location;
    // A sub-agent's question stands in the conversation that it works for too.
    const shownAt = isOthers ? [session.id, session.parent_id] : [session.id];
    if (document.visibilityState !== 'hidden' && shownAt.some((id) => pathname === `/chat/${id}`)) return;
    const title = session.title || t('ended.untitled');
    toast(t(`ended.${kind}`, { title, time: duration(Math.floor(took / 1000) * 1000) }), {
      link: (
        <Link
          to="/chat/$session"
          params={{ session: session.id }}
          search={{ turn }}
          onClick={closeOverlay}
          className="font-medium text-accent underline"
        >
          {t('ended.open')}
        </Link>
      ),
    });
  };

  const onEvent = (event: TurnEvent) => {
    const { turn_id: turn } = event.payload;
    const begin = begun.current.get(turn);
    if (event.event === 'turn.started' && begin === undefined)
      begun.current.set(turn, Date.parse(event.timestamp));
    if (event.event === 'approval.resolved') asking.current.delete(turn);
    if (kOver.has(event.event)) {
      begun.current.delete(turn);
      asking.current.delete(turn);
    }
    // Several calls of one turn ask at once.
    if (!kEnds[event.event] || (event.event === 'approval.needed' && asking.current.has(turn))) return;
    if (event.event === 'approval.needed') asking.current.add(turn);
    // One that cannot be asked for is not told of here; Home lists what waits and what failed.
    void tell(event, begin).catch(() => undefined);
  };
  useBusEvent('turn.*', onEvent);
  useBusEvent('approval.*', onEvent);
}
