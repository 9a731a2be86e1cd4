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
  // Of a duration as a text.
  min?: number | string | undefined;
  max?: number | string | undefined;
  unit: string;
  // The word that says there is none: off, none.
  nothing: string;
  // The variable that sets it over everything else.
  environment: string;
  needsRestart: boolean;
  // Where the value comes from, and where in it.
  origin: string;
  source: string;
};

type Loose = Record<string, unknown>;
const isObject = (value: unknown): value is Loose => typeof value === 'object' && value !== null;

// A daemon that says nothing of its settings lists none.
function listed(answer: unknown): Loose[] {
  const items = isObject(answer) ? answer.items : undefined;
  return Array.isArray(items) ? items.filter((item) => isObject(item) && typeof item.key === 'string') : [];
}

function typeOf(told: unknown, value: unknown): SettingType {
  const known = kSettingTypes.find((type) => type === told);
  if (known) return known;
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return Array.isArray(value) ? 'list' : 'text';
}

const limitOf = (value: unknown) =>
  typeof value === 'number' || typeof value === 'string' ? value : undefined;
const textOf = (value: unknown) => (typeof value === 'string' ? value : '');

export function settingItems(settings: Omit<Schemas['Settings'], 'next_cursor'>): SettingItem[] {
  const told = new Map(listed(settings).map((item) => [String(item.key), item]));
  const values = settings.settings as Loose;
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
      description: textOf(about.description),
      choices: Array.isArray(about.choices) ? about.choices.map(String) : [],
      min: limitOf(about.min),
      max: limitOf(about.max),
      unit: textOf(about.unit),
      nothing: textOf(about.nothing),
      environment: textOf(about.environment),
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
      ? value.join(', ')
      : typeof value === 'string'
        ? value
        : JSON.stringify(value);

const kDuration = /^(\d+(\.\d+)?(ms|s|m|h|d|w))+$/;

// A size is a whole number of its unit.
export const isNumber = ({ type }: SettingItem) => type === 'integer' || type === 'number' || type === 'size';

export type Wrong = { problem: 'whole' | 'number' | 'least' | 'most' | 'duration' | 'empty' };

// What was typed as the value that is sent, or what is wrong with it. The daemon judges in the end.
export function readValue(item: SettingItem, text: string): { value: unknown } | Wrong {
  const trimmed = text.trim();
  if (trimmed === '') return { problem: 'empty' };
  if (isNumber(item)) {
    const number = Number(trimmed);
    if (item.type !== 'number' && !/^-?\d+$/.test(trimmed)) return { problem: 'whole' };
    if (Number.isNaN(number)) return { problem: 'number' };
    if (typeof item.min === 'number' && number < item.min) return { problem: 'least' };
    if (typeof item.max === 'number' && number > item.max) return { problem: 'most' };
    return { value: number };
  }
  if (item.type === 'duration' && !kDuration.test(trimmed)) return { problem: 'duration' };
  if (Array.isArray(item.value))
    return {
      value: trimmed
        .split(',')
        .map((one) => one.trim())
        .filter(Boolean),
    };
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
