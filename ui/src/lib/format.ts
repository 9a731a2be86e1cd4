// SPDX-License-Identifier: MIT
// Numbers, money and times as people read them. Pure, but for the clock where none is given.
import { daemonNow } from './daemon-clock';

const kNumber = new Intl.NumberFormat('en');

export type Money = { amount: string; currency: string } | null | undefined;

// 4 significant digits: $0.0132. Null is a price that nobody knows.
export function money(value: Money): string {
  if (!value) return 'unpriced';
  const amount = Number(value.amount);
  if (!Number.isFinite(amount)) return value.amount;
  const sign = value.currency === 'USD' ? '$' : `${value.currency} `;
  if (amount === 0) return `${sign}0`;
  if (Math.abs(amount) >= 1000) return `${sign}${kNumber.format(Math.round(amount))}`;
  const decimals = Math.max(2, 3 - Math.floor(Math.log10(Math.abs(amount))));
  return sign + amount.toFixed(decimals).replace(/(\.\d\d\d*?)0+$/, '$1');
}

export function count(value: number): string {
  return kNumber.format(value);
}

// 12.4k; the exact number belongs into the title.
export function tokens(value: number): string {
  if (value < 1000) return String(value);
  if (value < 999_500) return `${Number((value / 1000).toPrecision(3))}k`;
  return `${Number((value / 1e6).toPrecision(3))}M`;
}

export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  let rest = value;
  while (rest >= 1024 && unit < units.length - 1) {
    rest /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? rest : rest.toFixed(1)} ${units[unit]}`;
}

export function duration(ms: number): string {
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 1000) return `${Number(ms.toPrecision(3))} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${Number(seconds.toPrecision(3))} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export function relative(iso: string, now = daemonNow()): string {
  const seconds = (now - Date.parse(iso)) / 1000;
  const away = Math.abs(seconds);
  const say = (value: number, unit: string) =>
    seconds >= 0 ? `${Math.floor(value)} ${unit} ago` : `in ${Math.ceil(value)} ${unit}`;
  if (away < 45) return seconds >= 0 ? 'just now' : 'in a moment';
  if (away < 3600) return say(Math.max(away / 60, 1), 'min');
  if (away < 86_400) return say(away / 3600, 'h');
  return say(away / 86_400, 'd');
}

export function absolute(iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime())
    ? iso
    : at.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

// The day where the reader is, as the daemon writes days.
export function localDay(at: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

// The last characters are what tells ids apart.
export function shortId(id: string): string {
  return id.length > 12 ? `${id.slice(0, 4)}…${id.slice(-6)}` : id;
}
