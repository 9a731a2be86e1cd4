// SPDX-License-Identifier: MIT
// Which lines of a pasted .env file are keys. Nothing is expanded or run; the values go nowhere but to the vault.

export type EnvSecret = { name: string; value: string };

const kLine = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/;
const kKey = /(_KEY|_TOKEN|_SECRET|_PASSWORD)$|^SECRET/;

function unquote(text: string): string {
  const trimmed = text.trim();
  const quote = trimmed[0];
  if ((quote === '"' || quote === "'") && trimmed.endsWith(quote) && trimmed.length > 1)
    return trimmed.slice(1, -1);
  return trimmed.replace(/\s+#.*$/, '');
}

export function secretsOf(text: string): EnvSecret[] {
  const found = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = kLine.exec(line);
    const [, name = '', raw = ''] = match ?? [];
    const value = unquote(raw);
    if (name && value && kKey.test(name.toUpperCase())) found.set(name, value);
  }
  return [...found].map(([name, value]) => ({ name, value }));
}
