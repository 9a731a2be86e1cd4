// SPDX-License-Identifier: MIT
// Whether an element has been in sight: what a row needs is asked for when somebody could read it.
import { useCallback, useState } from 'react';

export function useSeen(): [isSeen: boolean, ref: (element: Element | null) => (() => void) | undefined] {
  const [isSeen, setSeen] = useState(false);
  const ref = useCallback((element: Element | null) => {
    if (!element) return undefined;
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      setSeen(true);
      observer.disconnect();
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [isSeen, ref];
}
