// SPDX-License-Identifier: MIT
// What a form needs of the settings beside what the daemon says of each. Pure.
import type { Schemas } from '@/api/client';

export type SettingItem = Schemas['Setting'];

export const valueText = (value: unknown): string =>
  value === null || value === undefined ? '' : String(value);

const kDuration = /^(\d+(\.\d+)?(ms|s|m|h|d|w))+$/;

// A size is a whole number of its unit.
export const isNumber = ({ type }: SettingItem) => type === 'integer' || type === 'size';

export type Wrong = { problem: 'whole' | 'least' | 'most' | 'duration' | 'empty' };

// What was typed as the value that is sent, or what is wrong with it. The daemon judges in the end.
export function readValue(item: SettingItem, text: string): { value: unknown } | Wrong {
  const trimmed = text.trim();
  if (trimmed === '') return { problem: 'empty' };
  if (isNumber(item)) {
    const number = Number(trimmed);
    if (!/^-?\d+$/.test(trimmed)) return { problem: 'whole' };
    if (typeof item.min === 'number' && number < item.min) return { problem: 'least' };
    if (typeof item.max === 'number' && number > item.max) return { problem: 'most' };
    return { value: number };
  }
  if (item.type === 'duration' && !kDuration.test(trimmed)) return { problem: 'duration' };
  return { value: trimmed };
}

// "telemetry.otlp.endpoint" stands under "telemetry"; what has no prefix stands together.
export function groupsOf(items: SettingItem[]): [prefix: string, items: SettingItem[]][] {
  const groups = new Map<string, SettingItem[]>();
  for (const item of items) {
    const prefix = item.key.includes('.') ? (item.key.split('.')[0] ?? '') : '';
    groups.set(prefix, [...(groups.get(prefix) ?? []), item]);
  }
  return [...groups];
}

// Every word of the search stands in the name, the description or the value.
export function fits(item: SettingItem, search: string): boolean {
  const text = `${item.key} ${item.description} ${valueText(item.value)}`.toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
