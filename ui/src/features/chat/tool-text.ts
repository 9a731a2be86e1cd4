// SPDX-License-Identifier: MIT
// A call in one line, from its arguments. Pure.

const kMain = ['command', 'url', 'query', 'pattern', 'path', 'text', 'name'];

export function parsed(json: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

export function prettyJson(json: string): string {
  const value = parsed(json);
  return value ? JSON.stringify(value, null, 2) : json;
}

export function callSummary(json: string): string {
  const value = parsed(json);
  if (!value) return json;
  const main = kMain.find((name) => typeof value[name] === 'string') ?? Object.keys(value)[0];
  if (main === undefined) return '';
  const shown = value[main];
  return typeof shown === 'string' ? shown.replace(/\s+/g, ' ') : JSON.stringify(shown);
}
