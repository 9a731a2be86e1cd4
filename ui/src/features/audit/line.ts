// SPDX-License-Identifier: MIT
// The one line that says most of an entry: the words of who decided over it, else its plain values. The details show all of it.
import { t } from '@/i18n';
import { bytes } from '@/lib/format';
import type { Entry } from './queries';

type Loose = Record<string, unknown>;

const kWords = ['rendering', 'reason', 'title', 'text'];
// What only a machine reads, or what the columns say already.
const kUntold = /(^|_)(hash|id|key|at)$|^(ok|policy|state|plan|attempt|schema)$/;

function told(name: string, value: unknown): string {
  if (kUntold.test(name) || value === null || value === '' || value === false) return '';
  if (name === 'bytes' && typeof value === 'number') return t('audit.line.bytes', { size: bytes(value) });
  if (Array.isArray(value)) return value.length > 0 ? `${name} ${value.map(String).join(', ')}` : '';
  if (typeof value === 'object') return '';
  const label = name.replaceAll('_', ' ');
  return value === true ? label : `${label} ${value}`;
}

const plain = (values: Loose): string =>
  Object.entries(values)
    .map(([name, value]) => told(name, value))
    .filter(Boolean)
    .join(' · ');

export function lineOf(entry: Entry): string {
  if (entry.erased) return t('audit.erased');
  const personal = (entry.personal ?? {}) as Loose;
  for (const key of kWords) {
    const words = personal[key];
    if (typeof words === 'string' && words) return words;
  }
  return plain(personal) || plain(entry.detail as Loose);
}
