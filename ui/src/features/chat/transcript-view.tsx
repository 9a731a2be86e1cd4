// SPDX-License-Identifier: MIT
// The transcript: any number of messages, only those in sight are there. It follows the stream while one is at its end and not else.
import { useVirtualizer, type Virtualizer } from '@tanstack/react-virtual';
import { ArrowDown } from 'lucide-react';
import {
  type ReactNode,
  type RefObject,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { useActions } from '@/actions/actions';
import { t } from '@/i18n';
import { cx } from '@/lib/cx';
import { Button } from '@/ui/button';
import { useLiveTurn } from './live';
import { AnswerRow, MarkRow, UserRow } from './message-rows';
import type { Approval, Turn } from './queries';
import { type Message, type Place, type Row, rowOf, turnOf } from './transcript';
import { type TurnCommands, TurnEnd, toolStates } from './turn-end';

const kNoApprovals: Approval[] = [];
const kEndSlack = 48;
const kRowGuess = 120;
const kNearRows = 8;
const kMarked =
  'before:absolute before:inset-y-0 before:-left-3 before:w-0.75 before:bg-accent before:content-[""]';

function OpenAnswerRow({
  row,
  turn,
  marked,
}: {
  row: Extract<Row, { kind: 'answer' }>;
  turn: Turn;
  marked: string;
}) {
  const now = useLiveTurn(turn.id);
  const states = useMemo(() => toolStates(turn), [turn]);
  return (
    <AnswerRow
      message={row.message}
      results={row.results}
      again={row.again}
      marked={marked}
      states={states}
      steps={now.steps}
    />
  );
}

const kByHandMs = 400;
const kByHand = ['wheel', 'touchmove', 'keydown', 'focusin', 'pointerdown', 'pointermove'] as const;

// Content that grows or is measured anew moves the view too; only what a person does is a wish to look elsewhere.
function useFollow(scroller: RefObject<HTMLDivElement | null>, content: RefObject<HTMLDivElement | null>) {
  const [atEnd, setAtEnd] = useState(true);
  const following = useRef(true);
  const toEnd = useCallback(() => {
    const box = scroller.current;
    if (!box) return;
    following.current = true;
    setAtEnd(true);
    box.scrollTop = box.scrollHeight;
  }, [scroller]);
  useEffect(() => {
    const box = scroller.current;
    if (!box) return;
    let last = box.scrollTop;
    let byHand = Number.NEGATIVE_INFINITY;
    const onHand = (event: Event) => {
      if (event instanceof PointerEvent && event.buttons === 0) return;
      byHand = performance.now();
    };
    const onScroll = () => {
      const end = box.scrollHeight - box.scrollTop - box.clientHeight < kEndSlack;
      const up = box.scrollTop < last - 1 && performance.now() - byHand < kByHandMs;
      if (end) following.current = true;
      else if (up) following.current = false;
      last = box.scrollTop;
      setAtEnd(end || following.current);
    };
    for (const name of kByHand) box.addEventListener(name, onHand, { passive: true });
    box.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      for (const name of kByHand) box.removeEventListener(name, onHand);
      box.removeEventListener('scroll', onScroll);
    };
  }, [scroller]);
  // Whatever makes the content higher, the end stays in sight while it is followed.
  useLayoutEffect(() => {
    const inner = content.current;
    const box = scroller.current;
    if (!inner || !box || typeof ResizeObserver === 'undefined') return;
    const observer = new ResizeObserver(() => {
      if (!following.current) return;
      // Who works on something in the transcript keeps it in sight.
      if (inner.contains(document.activeElement))
        setAtEnd(box.scrollHeight - box.scrollTop - box.clientHeight < kEndSlack);
      else box.scrollTop = box.scrollHeight;
    });
    observer.observe(inner);
    observer.observe(box);
    return () => observer.disconnect();
  }, [scroller, content]);
  const stay = useCallback(() => {
    following.current = false;
    setAtEnd(false);
  }, []);
  return { atEnd, toEnd, stay };
}

type Older = { mutate: () => void; isPending: boolean; error: Error | null };

// Earlier messages are asked for as one comes near them, and what one looks at stays where it is when they are there.
function useEarlier(
  rows: Row[],
  virtual: Virtualizer<HTMLDivElement, Element>,
  scroller: RefObject<HTMLDivElement | null>,
  older: Older | null,
  isWanted: boolean,
  atEnd: boolean,
) {
  const first = virtual.getVirtualItems()[0]?.index ?? Number.POSITIVE_INFINITY;
  const isNear = first < kNearRows;
  const ready = older && !older.isPending && !older.error ? older.mutate : null;
  const count = rows.length;
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked for anew each time that some have come
  useEffect(() => {
    const box = scroller.current;
    // A conversation opens at its end: its first rows are there before it is scrolled, and nobody is near them.
    const isBelow = atEnd && box !== null && box.scrollHeight > box.clientHeight + kEndSlack;
    if (isWanted || (isNear && !isBelow)) ready?.();
  }, [isWanted, isNear, atEnd, ready !== null, count]);
  const firstKey = rows[0]?.key;
  const before = useRef(firstKey);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what came before the first row moves the rest
  useLayoutEffect(() => {
    const at = rows.findIndex((row) => row.key === before.current);
    const box = scroller.current;
    if (at > 0 && box) box.scrollTop += virtual.measurementsCache[at]?.start ?? 0;
    before.current = firstKey;
  }, [firstKey]);
}

export function TranscriptView({
  rows,
  openTurns,
  approvals,
  catchingUp,
  undone,
  commands,
  onFork,
  tail,
  sent,
  place,
  older,
}: {
  rows: Row[];
  openTurns: Turn[];
  approvals: Map<string, Approval[]>;
  catchingUp: boolean;
  // Summaries that were taken back.
  undone: Set<string>;
  commands: TurnCommands;
  onFork: (message: Message) => void;
  // What is being sent.
  tail: ReactNode;
  // Changes with every message that is sent.
  sent: string;
  // What the address points at: it is shown instead of the end, and marked.
  place: Place;
  // The way to earlier messages; null when all are here.
  older: Older | null;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const { atEnd, toEnd, stay } = useFollow(scroller, content);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => kRowGuess,
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 6,
    scrollPaddingStart: 12,
  });
  const items = virtual.getVirtualItems();
  const isFound = rowOf(rows, place) >= 0;
  useEarlier(rows, virtual, scroller, older, place.turn !== '' && !isFound, atEnd);
  const firstSent = useRef(sent);
  // One's own message is where one looks next.
  // biome-ignore lint/correctness/useExhaustiveDependencies: each message that is sent, and the first sight
  useLayoutEffect(() => {
    const at = sent === firstSent.current ? rowOf(rows, place) : -1;
    if (at < 0) return toEnd();
    stay();
    virtual.scrollToIndex(at, { align: 'start' });
  }, [toEnd, sent, place.turn, place.step, isFound]);
  const actions = useMemo(
    () => [
      { id: 'chat.latest', label: t('chat.latest'), group: t('palette.here'), keys: ['shift+g'], run: toEnd },
    ],
    [toEnd],
  );
  useActions(actions);

  const show = (row: Row): ReactNode => {
    switch (row.kind) {
      case 'user':
        return <UserRow message={row.message} onFork={onFork} />;
      case 'mark':
        return <MarkRow message={row.message} undone={undone.has(row.message.id)} />;
      case 'answer': {
        const turn = openTurns.find((one) => one.id === row.message.turn_id);
        if (turn) return <OpenAnswerRow row={row} turn={turn} marked={place.step} />;
        return (
          <AnswerRow message={row.message} results={row.results} again={row.again} marked={place.step} />
        );
      }
      case 'end':
        return (
          <TurnEnd
            id={row.turn}
            shown={row.shown}
            approvals={approvals.get(row.turn) ?? kNoApprovals}
            catchingUp={catchingUp}
            commands={commands}
          />
        );
    }
  };
  return (
    <div className="relative flex min-h-0 flex-1">
      <div
        ref={scroller}
        role="log"
        aria-label={t('chat.transcript')}
        aria-live="off"
        tabIndex={0}
        className="min-h-0 flex-1 overflow-y-auto overflow-x-hidden [overflow-anchor:none]"
      >
        <div ref={content} className="mx-auto w-full max-w-190 px-4 pb-4">
          {older && (
            <p role="status" className="flex h-9 items-center justify-center gap-3 text-label text-text-3">
              {older.error ? (
                <>
                  {t('chat.earlier.failed', { error: older.error.message })}
                  <Button small onClick={older.mutate}>
                    {t('chat.retry')}
                  </Button>
                </>
              ) : (
                t('chat.earlier')
              )}
            </p>
          )}
          <div className="relative w-full" style={{ height: virtual.getTotalSize() }}>
            {items.map((item) => {
              const row = rows[item.index];
              return (
                <div
                  key={item.key}
                  data-index={item.index}
                  ref={virtual.measureElement}
                  className={cx(
                    'absolute inset-x-0 flow-root',
                    row && place.turn && turnOf(row) === place.turn && kMarked,
                  )}
                  style={{ transform: `translateY(${item.start}px)` }}
                >
                  {row && show(row)}
                </div>
              );
            })}
          </div>
          {tail}
        </div>
      </div>
      {!atEnd && (
        <Button
          icon={ArrowDown}
          keys="shift+g"
          onClick={toEnd}
          className="absolute bottom-3 left-1/2 -translate-x-1/2 rounded-full! shadow-float"
        >
          {t('chat.latest')}
        </Button>
      )}
    </div>
  );
}
