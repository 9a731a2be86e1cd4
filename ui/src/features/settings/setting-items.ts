// SPDX-License-Identifier: MIT
// The settings as a form needs them: value, kind, limits, default. Where the daemon says no kind, the value's own counts, else text. Pure.
import type { Schemas } from '@/api/client';

export const kSettingTypes = [
  'text',
  'integer',
  'number',
  'boolean',
  'duration',
  'size',
  'choice',
  'list',
] as const;
export type SettingType = (typeof kSettingTypes)[number];

export type SettingItem = {
  key: string;
  value: unknown;
  // Undefined when it is not known.
  default: unknown;
  type: SettingType;
  description: string;
  choices: string[];
  min?: number | undefined;
  max?: number | undefined;
  unit: string;
  needsRestart: boolean;
  // Where the value comes from, and where in it.
  origin: string;
  source: string;
};

type Loose = Record<string, unknown>;
const isObject = (value: unknown): value is Loose => typeof value === 'object' && value !== null;

// Items with a key, wherever in an answer they are listed.
function listed(answer: unknown): Loose[] {
  if (!isObject(answer)) return [];
  return [answer.items, answer.schema, answer.settings]
    .filter(Array.isArray)
    .flat()
    .filter((item): item is Loose => isObject(item) && typeof item.key === 'string');
}

function typeOf(told: unknown, value: unknown): SettingType {
  const known = kSettingTypes.find((type) => type === told);
  if (known) return known;
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return Array.isArray(value) ? 'list' : 'text';
}

const numberOf = (value: unknown) => (typeof value === 'number' ? value : undefined);

// `answers` may describe the settings; the later one wins.
export function settingItems(settings: Schemas['Settings'], ...answers: unknown[]): SettingItem[] {
  const told = new Map<string, Loose>();
  for (const item of [settings, ...answers].flatMap(listed)) told.set(String(item.key), item);
  const values: Loose = Array.isArray(settings.settings) ? {} : settings.settings;
  const keys = [...new Set([...Object.keys(values), ...told.keys()])].sort();
  return keys.map((key) => {
    const about = told.get(key) ?? {};
    const value = key in values ? values[key] : about.value;
    const origin = settings.origins[key] ?? '';
    return {
      key,
      value,
      default: 'default' in about ? about.default : origin === 'default' ? value : undefined,
      type: typeOf(about.type, value),
      description: typeof about.description === 'string' ? about.description : '',
      choices: Array.isArray(about.choices) ? about.choices.map(String) : [],
      min: numberOf(about.min),
      max: numberOf(about.max),
      unit: typeof about.unit === 'string' ? about.unit : '',
      needsRestart: about.needs_restart === true,
      origin,
      source: settings.sources[key] ?? '',
    };
  });
}

export const valueText = (value: unknown): string =>
  value === null || value === undefined
    ? ''
    : Array.isArray(value)
      ? value.map(String).join('\n')
      : typeof value === 'string'
        ? value
        : JSON.stringify(value);

const kDuration = /^(\d+(\.\d+)?(ms|s|m|h|d|w))+$/;
const kSize = /^\d+(\.\d+)?\s*(B|[KMGT]i?B?)?$/i;

export type Wrong = { problem: 'whole' | 'number' | 'least' | 'most' | 'duration' | 'size' | 'empty' };

// What was typed as the value that is sent, or what is wrong with it. The daemon judges in the end.
export function readValue(item: SettingItem, text: string): { value: unknown } | Wrong {
  const trimmed = text.trim();
  if (item.type === 'list')
    return {
      value: trimmed
        .split(/[\n,]/)
        .map((one) => one.trim())
        .filter(Boolean),
    };
  if (trimmed === '') return { problem: 'empty' };
  if (item.type === 'integer' || item.type === 'number') {
    const number = Number(trimmed);
    if (item.type === 'integer' && !/^-?\d+$/.test(trimmed)) return { problem: 'whole' };
    if (Number.isNaN(number)) return { problem: 'number' };
    if (item.min !== undefined && number < item.min) return { problem: 'least' };
    if (item.max !== undefined && number > item.max) return { problem: 'most' };
    return { value: number };
  }
  if (item.type === 'duration' && !kDuration.test(trimmed)) return { problem: 'duration' };
  if (item.type === 'size' && !kSize.test(trimmed)) return { problem: 'size' };
  return { value: item.type === 'text' ? text : trimmed };
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
