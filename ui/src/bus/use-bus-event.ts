// SPDX-License-Identifier: MIT
import { useEffect, useRef } from 'react';
import { type BusEventOf, bus, type Pattern } from './bus';

// Calls `handler` for every event that fits, while the component is there. The handler may change from render to render.
export function useBusEvent<P extends Pattern>(pattern: P, handler: (event: BusEventOf<P>) => void): void {
  const latest = useRef(handler);
  latest.current = handler;
  useEffect(() => bus.on(pattern, (event) => latest.current(event)), [pattern]);
}
