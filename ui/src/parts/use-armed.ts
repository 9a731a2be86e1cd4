// SPDX-License-Identifier: MIT
import { useCallback, useEffect, useState } from 'react';

// What has just come up does not take a yes that was meant for what was there before.
const kArmMs = 400;

// False for a moment after it came, whenever what is asked (`about`) became something else, and when it took the focus by itself.
export function useArmed(about = ''): [boolean, () => void] {
  const [armedFor, setArmedFor] = useState<string | null>(null);
  const [round, setRound] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round waits anew
  useEffect(() => {
    const timer = setTimeout(() => setArmedFor(about), kArmMs);
    return () => clearTimeout(timer);
  }, [round, about]);
  const rearm = useCallback(() => {
    setArmedFor(null);
    setRound((value) => value + 1);
  }, []);
  return [armedFor === about, rearm];
}
