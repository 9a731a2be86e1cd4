// SPDX-License-Identifier: MIT
// Times as the address names them. Days and months are those of UTC, as the daemon books them.
export const kRanges = ['today', '7d', '30d', 'month', '90d', 'all'] as const;
export type RangeName = (typeof kRanges)[number];
export type Range = { from?: string; to?: string };

const kDayMs = 86_400_000;

export const startOfDay = (at: number): number => Math.floor(at / kDayMs) * kDayMs;

export function rangeOf(name: RangeName, now = Date.now()): Range {
  const day = startOfDay(now);
  const days = /^(\d+)d$/.exec(name)?.[1];
  if (name === 'all') return {};
  if (name === 'today') return { from: new Date(day).toISOString() };
  if (name === 'month') {
    const at = new Date(now);
    return { from: new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1)).toISOString() };
  }
  return { from: new Date(day - (Number(days) - 1) * kDayMs).toISOString() };
}

export function rangeName(value: string | undefined): RangeName {
  return kRanges.find((one) => one === value) ?? '30d';
}

// 2026-11-22, where that is a day.
export function dayName(value: string | undefined): string | undefined {
  return value && /^\d{4}-\d\d-\d\d$/.test(value) && Date.parse(value) > 0 ? value : undefined;
}

export function rangeOfDay(day: string): Range {
  const from = Date.parse(`${day}T00:00:00Z`);
  return { from: new Date(from).toISOString(), to: new Date(from + kDayMs).toISOString() };
}
