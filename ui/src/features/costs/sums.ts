// SPDX-License-Identifier: MIT
import type { Group } from './queries';

export function dollars(group: Group): number {
  return group.cost ? Number(group.cost.amount) : 0;
}

export function share(part: number, whole: number): string {
  if (whole <= 0) return '–';
  const percent = (100 * part) / whole;
  return percent > 0 && percent < 1 ? '< 1 %' : `${Math.round(percent)} %`;
}

// As many groups as the chart has bars for.
export const kDrawn = 60;
