// SPDX-License-Identifier: MIT
import { useEffect, useState } from 'react';
import { daemonNow } from './daemon-clock';

const kCalmFactor = 5;

// The daemon's time, told anew every `stepMs` while `on`; five times slower for people who asked for less motion.
export function useNow(stepMs: number, on = true): number {
  const [now, setNow] = useState(daemonNow());
  useEffect(() => {
    if (!on) return;
    setNow(daemonNow());
    const calm = globalThis.matchMedia?.('(prefers-reduced-motion: reduce)').matches;
    const timer = setInterval(() => setNow(daemonNow()), calm ? stepMs * kCalmFactor : stepMs);
    return () => clearInterval(timer);
  }, [stepMs, on]);
  return now;
}
