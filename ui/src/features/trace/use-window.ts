// SPDX-License-Identifier: MIT
// Which rows are in sight of a scroller whose rows all have one height. The window moves in steps, so that scrolling a little draws nothing.
import { type RefObject, useEffect, useLayoutEffect, useState } from 'react';
import { kRowHeight } from './draw';

const kStep = 16;

export type Window = { first: number; count: number; width: number };

export function useRowWindow(scroller: RefObject<HTMLDivElement | null>, rows: number, head: number): Window {
  const [size, setSize] = useState({ width: 0, height: 600 });
  const [block, setBlock] = useState(0);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight || 600 });
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(element);
    return () => watch.disconnect();
  }, [scroller]);
  useEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    const onScroll = () => setBlock(Math.floor(element.scrollTop / kRowHeight / kStep));
    element.addEventListener('scroll', onScroll, { passive: true });
    return () => element.removeEventListener('scroll', onScroll);
  }, [scroller]);
  const inSight = Math.ceil((size.height - head) / kRowHeight);
  const first = Math.max(0, Math.min(block * kStep - kStep, rows - inSight));
  const count = Math.max(0, Math.min(rows - first, inSight + kStep * 3));
  return { first, count, width: size.width };
}

export function scrollToRow(element: HTMLDivElement | null, index: number, head: number): void {
  if (!element || index < 0) return;
  const top = index * kRowHeight;
  const height = element.clientHeight - head;
  if (top < element.scrollTop) element.scrollTop = top;
  else if (top + kRowHeight > element.scrollTop + height) element.scrollTop = top + kRowHeight - height;
}
