// SPDX-License-Identifier: MIT
import { useNavigate, useParams } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState } from 'react';
import { type Action, useActions } from '@/actions/actions';
import { addMessages, t } from '@/i18n';
import { cx } from '@/lib/cx';
import { Conversation } from './conversation';
import { chatMessages } from './messages';
import { NewConversation } from './new-conversation';
import { useSession } from './queries';
import { SessionList, useSessions } from './session-list';

addMessages(chatMessages);

const kListSetting = 'pryx_chat_list';
const kNarrow = '(max-width: 899px)';

const isNarrow = () => globalThis.matchMedia?.(kNarrow).matches ?? false;

// The list of conversations: remembered on a wide screen, over the page and closed again on a narrow one.
function useListShown(current: string | undefined) {
  const [shown, setShown] = useState(() => !isNarrow() && localStorage.getItem(kListSetting) !== 'off');
  const show = (next: boolean) => {
    if (!isNarrow()) localStorage.setItem(kListSetting, next ? 'on' : 'off');
    setShown(next);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: another conversation was chosen
  useEffect(() => {
    if (isNarrow()) setShown(false);
  }, [current]);
  return { shown, show };
}

export function ChatPage() {
  const { session: current } = useParams({ strict: false }) as { session?: string };
  const navigate = useNavigate();
  const { shown, show } = useListShown(current);
  const { sessions } = useSessions('');
  const title = useSession(current).data?.title;
  useEffect(() => {
    document.title = `${title || t('chat.title')} · Pryx`;
  }, [title]);
  const state = useRef({ sessions, current, shown, show });
  state.current = { sessions, current, shown, show };
  const actions: Action[] = useMemo(() => {
    const group = t('palette.here');
    const go = (step: number) => () => {
      const { sessions: all, current: at } = state.current;
      const next = all[all.findIndex((one) => one.id === at) + step];
      if (next) void navigate({ to: '/chat/$session', params: { session: next.id } });
    };
    return [
      { id: 'chat.new', label: t('chat.new'), group, keys: ['n'], run: () => void navigate({ to: '/chat' }) },
      { id: 'chat.next', label: t('chat.list.next'), group, keys: [']'], run: go(1) },
      { id: 'chat.previous', label: t('chat.list.previous'), group, keys: ['['], run: go(-1) },
      {
        id: 'chat.search',
        label: t('chat.list.search'),
        group,
        keys: ['/'],
        run: () => {
          state.current.show(true);
          requestAnimationFrame(() => document.getElementById('chat-search')?.focus());
        },
      },
      {
        id: 'chat.fold',
        label: t('chat.list.fold'),
        group,
        keys: ['\\'],
        run: () => state.current.show(!state.current.shown),
      },
    ];
  }, [navigate]);
  useActions(actions);
  const frame = { listShown: shown, onShowList: () => show(true) };
  return (
    <div className="relative flex min-h-0 min-w-0 flex-1">
      {shown && isNarrow() && (
        <button
          type="button"
          aria-label={t('chat.list.fold')}
          onClick={() => show(false)}
          className="absolute inset-0 z-20 bg-black/45 min-[900px]:hidden"
        />
      )}
      {shown && (
        // biome-ignore lint/a11y/noStaticElementInteractions: Escape closes what lies over the page
        <div
          onKeyDown={(event) => {
            if (event.key !== 'Escape' || !isNarrow()) return;
            event.preventDefault();
            event.stopPropagation();
            show(false);
          }}
          className={cx(
            'w-64 shrink-0',
            'max-[899px]:absolute max-[899px]:inset-y-0 max-[899px]:left-0 max-[899px]:z-30 max-[899px]:w-[min(320px,90vw)] max-[899px]:shadow-float',
          )}
        >
          <SessionList
            current={current}
            onFold={() => show(false)}
            onNew={() => void navigate({ to: '/chat' })}
          />
        </div>
      )}
      {current ? <Conversation id={current} {...frame} /> : <NewConversation {...frame} />}
    </div>
  );
}
