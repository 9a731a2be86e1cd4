// SPDX-License-Identifier: MIT
import { cx } from '@/lib/cx';

// How full something is, beside the number that says it.
const kTight = 75;
const kFull = 90;

export function Meter({ percent, wide = false }: { percent: number; wide?: boolean }) {
  const tone = percent >= kFull ? 'bg-bad' : percent >= kTight ? 'bg-warn' : 'bg-accent';
  return (
    <span
      aria-hidden
      className={cx('inline-block h-1.5 overflow-hidden rounded-full bg-line', wide ? 'w-full' : 'w-10')}
    >
      <span className={cx('block h-full', tone)} style={{ width: `${Math.min(100, percent)}%` }} />
    </span>
  );
}
