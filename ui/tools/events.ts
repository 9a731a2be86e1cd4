// SPDX-License-Identifier: MIT
// The payloads of the bus's events as types, from api/events, added to what openapi-typescript made of the HTTP API.
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';

type Schema = {
  title?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
};

const kNames: Record<string, string> = { integer: 'number', object: 'Record<string, unknown>' };

function one(type: string, schema: Schema): string {
  if (type === 'array') return `(${written(schema.items ?? {})})[]`;
  if (type !== 'object' || !schema.properties) return kNames[type] ?? type;
  const needed = new Set(schema.required);
  const members = Object.entries(schema.properties).map(
    ([name, member]) => `${JSON.stringify(name)}${needed.has(name) ? '' : '?'}: ${written(member)};`,
  );
  return `{ ${members.join(' ')} }`;
}

function written(schema: Schema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (!schema.type) return 'unknown';
  return [schema.type]
    .flat()
    .map((type) => one(type, schema))
    .join(' | ');
}

const folder = new URL('../../api/events/', import.meta.url);
const schemas = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .sort()
  .map((name): Schema => JSON.parse(readFileSync(new URL(name, folder), 'utf8')));
const lines = schemas
  .filter(({ title }) => title !== 'envelope')
  .map((schema) => `  ${JSON.stringify(schema.title)}: ${written(schema)};`);
const envelope = schemas.find(({ title }) => title === 'envelope') ?? {};
appendFileSync(
  new URL('../src/api/schema.d.ts', import.meta.url),
  `export type Envelope = ${written(envelope)};\nexport type Events = {\n${lines.join('\n')}\n};\n`,
);
