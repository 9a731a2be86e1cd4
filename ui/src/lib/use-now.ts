// SPDX-License-Identifier: MIT
import { useEffect, useState } from 'react';

const kCalmFactor = 5;

// The time, told anew every `stepMs` while `on`; five times slower for people who asked for less motion.
export function useNow(stepMs: number, on = true): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!on) return;
    setNow(Date.now());
    const calm = globalThis.matchMedia?.('(prefers-reduced-motion: reduce)').matches;
    const timer = setInterval(() => setNow(Date.now()), calm ? stepMs * kCalmFactor : stepMs);
    return () => clearInterval(timer);
  }, [stepMs, on]);
  return now;
}
