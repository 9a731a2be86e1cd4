// SPDX-License-Identifier: MIT
// Every command and page by its name, with its shortcut; sessions by what was said in them.
import { useQuery } from '@tanstack/react-query';
import { Command } from 'cmdk';
import { useState } from 'react';
import { isEnabled, useActionRegistry } from '@/actions/actions';
import { keysText } from '@/actions/keys';
import { api, take } from '@/api/client';
import { t } from '@/i18n';
import { Dialog } from '@/ui/dialog';
import { router } from './router';

const kRow =
  'flex min-h-9 cursor-pointer items-center gap-3 rounded-control px-2 text-dense data-[selected=true]:bg-accent-soft';
const kHead =
  '[&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:py-1 [&_[cmdk-group-heading]]:text-label [&_[cmdk-group-heading]]:text-text-3';

export default function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('');
  const actions = [...useActionRegistry((state) => state.actions).values()].filter(isEnabled);
  const groups = [...new Set(actions.map((action) => action.group))];
  const sessions = useQuery({
    queryKey: ['sessions', 'palette', text],
    queryFn: () => take(api.GET('/api/v1/sessions', { params: { query: { query: text, limit: 8 } } })),
    enabled: text.trim().length >= 3,
  });
  const run = (call: () => void) => {
    onClose();
    call();
  };
  return (
    <Dialog open onClose={onClose} title={t('palette.title')}>
      <Command label={t('palette.title')} loop>
        <Command.Input
          value={text}
          onValueChange={setText}
          placeholder={t('palette.placeholder')}
          className="h-9 w-full rounded-control border border-control bg-surface px-3 text-body"
        />
        <Command.List className="mt-3 max-h-[55vh] overflow-y-auto">
          <Command.Empty className="p-4 text-dense text-text-2">{t('palette.empty')}</Command.Empty>
          {groups.map((group) => (
            <Command.Group key={group} heading={group} className={kHead}>
              {actions
                .filter((action) => action.group === group)
                .map((action) => (
                  <Command.Item
                    key={action.id}
                    value={`${action.label} ${action.words ?? ''} ${action.id}`}
                    onSelect={() => run(action.run)}
                    className={kRow}
                  >
                    {action.icon && <action.icon size={16} aria-hidden />}
                    <span className="flex-1">{action.label}</span>
                    {action.keys?.[0] && (
                      <kbd className="font-mono text-meta text-text-3">{keysText(action.keys[0])}</kbd>
                    )}
                  </Command.Item>
                ))}
            </Command.Group>
          ))}
          {(sessions.data?.items.length ?? 0) > 0 && (
            <Command.Group heading={t('palette.sessions')} className={kHead} forceMount>
              {sessions.data?.items.map((session) => (
                <Command.Item
                  key={session.id}
                  value={`${text} ${session.title} ${session.id}`}
                  onSelect={() =>
                    run(() => void router.navigate({ to: '/chat/$session', params: { session: session.id } }))
                  }
                  className={kRow}
                >
                  {session.title || session.id}
                </Command.Item>
              ))}
            </Command.Group>
          )}
        </Command.List>
      </Command>
    </Dialog>
  );
}
