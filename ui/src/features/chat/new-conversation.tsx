// SPDX-License-Identifier: MIT
// Before the first message. Nothing is made until it is sent; where it works and who answers are in the address.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState } from 'react';
import { type Action, useActions } from '@/actions/actions';
import { api, take } from '@/api/client';
import { sendMessage } from '@/api/outbox';
import { t } from '@/i18n';
import { lastWorkspace, setLastWorkspace } from '@/lib/preferences';
import { Button } from '@/ui/button';
import { ErrorNote } from '@/ui/states';
import { ChatHeader } from './chat-header';
import { Composer, type ComposerHandle } from './composer';
import { Dialogs } from './dialogs';
import { useStatus, useWorkspaces } from './queries';
import { Starters, StartOptions } from './start';

type Search = {
  workspace?: string | undefined;
  agent?: string | undefined;
  model?: string | undefined;
  prompt?: string | undefined;
};

export function NewConversation({ listShown, onShowList }: { listShown: boolean; onShowList: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const search: Search = useSearch({ strict: false });
  const status = useStatus();
  const [picking, setPicking] = useState(false);
  const composer = useRef<ComposerHandle>(null);
  const { agent = '', model, prompt } = search;
  const workspaces = useWorkspaces();
  const chosen = search.workspace ?? lastWorkspace();
  // One that was removed is nobody's choice any more.
  const isGone = workspaces.data && !workspaces.data.items.some((one) => one.id === chosen);
  const workspace = isGone ? '' : chosen;
  const set = (change: Search) =>
    void navigate({ to: '/chat', search: { ...search, ...change }, replace: true });
  const create = useMutation({
    mutationFn: () =>
      take(
        api.POST('/api/v1/sessions', {
          body: {
            ...(workspace ? { workspace } : {}),
            ...(agent ? { agent } : {}),
            ...(model ? { model } : {}),
          },
        }),
      ),
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each prompt
  useEffect(() => {
    if (!prompt) {
      composer.current?.focus();
      return;
    }
    composer.current?.put(prompt);
    // From here on it is a draft: read again, the address has nothing to put beside that.
    set({ prompt: undefined });
  }, [prompt]);
  const actions: Action[] = useMemo(
    () => [
      {
        id: 'chat.focus',
        label: t('chat.focus'),
        group: t('palette.here'),
        keys: ['i'],
        run: () => composer.current?.focus(),
      },
      {
        id: 'chat.model',
        label: t('chat.switch'),
        group: t('palette.here'),
        keys: ['m'],
        run: () => setPicking(true),
      },
    ],
    [],
  );
  useActions(actions);
  const send = async (text: string, images: File[]): Promise<boolean> => {
    try {
      const session = await create.mutateAsync();
      queries.setQueryData(['sessions', 'one', session.id], session);
      sendMessage(
        queries,
        session.id,
        text,
        images.map((file) => ({ file })),
      );
      void navigate({ to: '/chat/$session', params: { session: session.id } });
      return true;
    } catch {
      return false;
    }
  };
  return (
    <div className="flex min-h-0 min-w-0 flex-1 flex-col">
      <ChatHeader session={undefined} listShown={listShown} onShowList={onShowList} />
      <div className="flex min-h-0 flex-1 flex-col overflow-y-auto">
        <Starters onPick={(text) => composer.current?.put(text)} />
      </div>
      <div className="mx-auto flex w-full max-w-190 shrink-0 flex-col gap-2 px-4 pb-4">
        {create.isError && <ErrorNote error={create.error} what={t('chat.send.failed')} />}
        <Composer
          scope="new"
          handle={composer}
          running={false}
          busy={create.isPending}
          onSend={send}
          onStop={() => {}}
          chips={
            <>
              <Button kind="quiet" small keys="m" title={t('chat.switch')} onClick={() => setPicking(true)}>
                <span className="max-w-48 truncate font-mono">
                  {model ?? status.data?.default_model ?? t('chat.model.default')}
                </span>
              </Button>
              <StartOptions
                workspace={workspace}
                agent={agent || 'default'}
                onWorkspace={(id) => {
                  setLastWorkspace(id);
                  set({ workspace: id });
                }}
                onAgent={(id) => set({ agent: id })}
              />
            </>
          }
        />
      </div>
      <Dialogs
        name={picking ? 'model' : null}
        session={{ id: '', model: model ?? null }}
        turn={null}
        onClose={() => setPicking(false)}
        onModel={(next) => set({ model: next })}
      />
    </div>
  );
}
