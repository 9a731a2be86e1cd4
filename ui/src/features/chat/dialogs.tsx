// SPDX-License-Identifier: MIT
// What can lie over a conversation; loaded when it is first opened.
import { lazy, Suspense } from 'react';
import type { Session, Turn } from './queries';

const ModelDialog = lazy(() => import('./model-dialog').then((m) => ({ default: m.ModelDialog })));
const ContextDialog = lazy(() => import('./context-dialog').then((m) => ({ default: m.ContextDialog })));
const UndoDialog = lazy(() => import('./undo-dialog').then((m) => ({ default: m.UndoDialog })));

export type DialogName = 'model' | 'context' | 'undo';

export function Dialogs({
  name,
  session,
  turn,
  onClose,
  onModel,
}: {
  name: DialogName | null;
  session: Pick<Session, 'id' | 'model'>;
  turn: Turn | null;
  onClose: () => void;
  onModel: (model: string) => void;
}) {
  return (
    <Suspense fallback={null}>
      {name === 'model' && (
        <ModelDialog
          current={session.model}
          onClose={onClose}
          onPick={(model) => {
            onModel(model);
            onClose();
          }}
        />
      )}
      {name === 'context' && <ContextDialog session={session.id} onClose={onClose} />}
      {name === 'undo' && turn && <UndoDialog turn={turn} onClose={onClose} />}
    </Suspense>
  );
}
