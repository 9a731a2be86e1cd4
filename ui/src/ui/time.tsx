// SPDX-License-Identifier: MIT
import { useEffect, useState } from 'react';
import { absolute, relative } from '@/lib/format';

const kStepMs = 20_000;

// Relative, with the absolute time on hover and for machines.
export function Time({ at }: { at: string | null | undefined }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), kStepMs);
    return () => clearInterval(timer);
  }, []);
  if (!at) return <span className="text-text-3">–</span>;
  return (
    <time dateTime={at} title={absolute(at)} className="whitespace-nowrap">
      {relative(at)}
    </time>
  );
}
