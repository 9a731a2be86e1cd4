// SPDX-License-Identifier: MIT
// What can lie over any page: palette, keys, notifications, the panic button, approvals.
import { lazy, Suspense, useEffect, useState } from 'react';
import { isEnabled, useActionRegistry } from '@/actions/actions';
import { keysText, setSingleKeys, singleKeysOn } from '@/actions/keys';
import { t } from '@/i18n';
import { absolute } from '@/lib/format';
import { Dialog } from '@/ui/dialog';
import { Checkbox } from '@/ui/field';
import { useNotes } from '@/ui/toast';
import { closeOverlay, useShell } from './shell-state';

const Palette = lazy(() => import('./palette'));
const StopDialog = lazy(() => import('./stop-dialog'));
const ApprovalsDrawer = lazy(() => import('./approvals-drawer'));

function Help() {
  const [single, setSingle] = useState(singleKeysOn());
  const actions = [...useActionRegistry((state) => state.actions).values()].filter(
    (a) => a.keys?.length && isEnabled(a),
  );
  return (
    <Dialog open onClose={closeOverlay} title={t('shell.help.title')}>
      <ul className="flex flex-col">
        {actions.map((action) => (
          <li key={action.id}>
            <button
              type="button"
              className="flex min-h-8 w-full items-center justify-between gap-4 rounded-control px-2 text-left text-dense hover:bg-sunken"
              onClick={() => {
                closeOverlay();
                action.run();
              }}
            >
              <span>{action.label}</span>
              <kbd className="font-mono text-meta text-text-3">{action.keys?.map(keysText).join(', ')}</kbd>
            </button>
          </li>
        ))}
      </ul>
      <div className="mt-4 border-t border-line pt-4">
        <Checkbox
          label={t('shell.help.single')}
          hint={t('shell.help.single.hint')}
          checked={single}
          onChange={(event) => {
            setSingleKeys(event.target.checked);
            setSingle(event.target.checked);
          }}
        />
      </div>
    </Dialog>
  );
}

function Notes() {
  const notes = useNotes((state) => state.notes);
  return (
    <Dialog open onClose={closeOverlay} title={t('shell.notes')} side="right">
      {notes.length === 0 && <p className="text-dense text-text-2">{t('shell.notes.empty')}</p>}
      <ul className="flex flex-col gap-2">
        {notes.map((note) => (
          <li key={note.id} className="rounded-card border border-line p-2 text-dense">
            {note.text} {note.link}
            <p className="text-label text-text-3">{absolute(new Date(note.at).toISOString())}</p>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

// A link inside leads to a page: what lies over that goes.
function useLeaveByLink(): void {
  useEffect(() => {
    const onClick = ({ defaultPrevented, target }: MouseEvent) => {
      // The router took it; what the browser opens in another tab leaves this page as it is.
      if (defaultPrevented && target instanceof Element && target.closest('[role=dialog] a')) closeOverlay();
    };
    document.addEventListener('click', onClick);
    return () => document.removeEventListener('click', onClick);
  }, []);
}

export function Overlays() {
  const open = useShell((state) => state.open);
  useLeaveByLink();
  if (open === 'help') return <Help />;
  if (open === 'notes') return <Notes />;
  return (
    <Suspense fallback={null}>
      {open === 'palette' && <Palette onClose={closeOverlay} />}
      {open === 'stop' && <StopDialog onClose={closeOverlay} />}
      {open === 'approvals' && <ApprovalsDrawer onClose={closeOverlay} />}
    </Suspense>
  );
}
