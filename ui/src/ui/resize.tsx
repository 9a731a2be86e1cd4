// SPDX-License-Identifier: MIT
// The edge of a pane: dragged, or moved by the arrow keys. The width is remembered in this browser.
import { type KeyboardEvent, type PointerEvent, useState } from 'react';
import { t } from '@/i18n';

const kLeast = 320;
const kMost = 720;
const kStep = 24;

const clamp = (width: number) => Math.max(kLeast, Math.min(kMost, Math.round(width)));

export function usePaneWidth(name: string, initial = 400): [number, (width: number) => void] {
  const key = `pryx_pane_${name}`;
  const [width, setWidth] = useState(() => clamp(Number(localStorage.getItem(key)) || initial));
  return [
    width,
    (next) => {
      setWidth(clamp(next));
      localStorage.setItem(key, String(clamp(next)));
    },
  ];
}

export function ResizeEdge({ width, onWidth }: { width: number; onWidth: (width: number) => void }) {
  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    const edge = event.currentTarget;
    const from = event.clientX;
    edge.setPointerCapture(event.pointerId);
    const move = (at: globalThis.PointerEvent) => onWidth(width + from - at.clientX);
    const end = () => {
      edge.removeEventListener('pointermove', move);
      edge.removeEventListener('pointerup', end);
      edge.removeEventListener('pointercancel', end);
    };
    edge.addEventListener('pointermove', move);
    edge.addEventListener('pointerup', end);
    edge.addEventListener('pointercancel', end);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowLeft') onWidth(width + kStep);
    else if (event.key === 'ArrowRight') onWidth(width - kStep);
    else return;
    event.preventDefault();
  };
  return (
    <div
      role="separator"
      aria-orientation="vertical"
      aria-label={t('ui.pane.edge')}
      aria-valuenow={width}
      aria-valuemin={kLeast}
      aria-valuemax={kMost}
      tabIndex={0}
      onPointerDown={onPointerDown}
      onKeyDown={onKeyDown}
      className="hidden w-1.5 shrink-0 cursor-col-resize border-l border-line hover:bg-accent-soft focus-visible:bg-accent-soft lg:block"
    />
  );
}
