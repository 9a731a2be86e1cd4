// SPDX-License-Identifier: MIT
// An agent's file as the fields of a form, and edits that rewrite only the lines of the field that changed: comments and what the form
// does not know stay as a person wrote them. What it cannot read it refuses; the daemon judges. Pure.

export type AgentFields = {
  description: string;
  model: string;
  fallbacks: string[];
  system_prompt: string;
  // Null: all that the policy lets it use.
  tools: string[] | null;
  max_steps: string;
  max_tokens: string;
  max_tool_calls: string;
};

export const kLimits = ['max_steps', 'max_tokens', 'max_tool_calls'] as const;

// A line of the file that a form would change into something else.
export class AgentOdd extends Error {
  constructor(readonly line: number) {
    super(`line ${line}`);
  }
}

// The lines [from, to) are the key's own; `value` is what stands behind its colon.
type Entry = { key: string; from: number; to: number; value: string };

const kKey = /^([A-Za-z_][\w-]*):(?:\s+(.*))?$/;
const kBlock = /^\|([+-]?)\s*(#.*)?$/;

function entriesOf(lines: string[]): Entry[] {
  const entries: Entry[] = [];
  lines.forEach((line, at) => {
    if (line.trim() === '' || line.startsWith('#') || line.trimEnd() === '---') return;
    const last = entries.at(-1);
    if (/^(\s|-( |$))/.test(line)) {
      if (!last) throw new AgentOdd(at + 1);
      last.to = at + 1;
      return;
    }
    const parts = kKey.exec(line.trimEnd());
    if (!parts || entries.some((one) => one.key === parts[1])) throw new AgentOdd(at + 1);
    entries.push({ key: parts[1] ?? '', from: at, to: at + 1, value: parts[2] ?? '' });
  });
  return entries;
}

// One value at the beginning of `text`, and what is left behind it. `ends` are the characters that end a plain one.
function takeValue(text: string, ends: string, line: number): [value: string, rest: string] {
  const quoted = /^"(?:[^"\\]|\\.)*"|^'(?:[^']|'')*'/.exec(text)?.[0];
  if (quoted) {
    const rest = text.slice(quoted.length);
    if (quoted.startsWith("'")) return [quoted.slice(1, -1).replaceAll("''", "'"), rest];
    try {
      return [String(JSON.parse(quoted)), rest];
    } catch {
      throw new AgentOdd(line);
    }
  }
  let end = 0;
  while (end < text.length && !ends.includes(text[end] ?? '') && !/^\s#/.test(text.slice(end))) end += 1;
  const plain = text.slice(0, end).trim();
  if (/^[&*!|>%@`{["']/.test(plain) || /:(\s|$)/.test(plain)) throw new AgentOdd(line);
  return [plain === '~' || plain === 'null' ? '' : plain, text.slice(end)];
}

const isOver = (rest: string) => /^\s*(#.*)?$/.test(rest);

function scalarOf(text: string, line: number): string {
  if (text.startsWith('#')) return '';
  const [value, rest] = takeValue(text, '', line);
  if (!isOver(rest)) throw new AgentOdd(line);
  return value;
}

function flowList(text: string, line: number): string[] {
  const items: string[] = [];
  let rest = text.slice(1).trimStart();
  while (!rest.startsWith(']')) {
    const [value, after] = takeValue(rest, ',]', line);
    if (value) items.push(value);
    rest = after.trimStart();
    if (rest.startsWith(',')) rest = rest.slice(1).trimStart();
    else if (!rest.startsWith(']')) throw new AgentOdd(line);
  }
  if (!isOver(rest.slice(1))) throw new AgentOdd(line);
  return items;
}

// The lines below a key that say something.
function below(lines: string[], entry: Entry): [text: string, line: number][] {
  return lines
    .slice(entry.from + 1, entry.to)
    .map((text, at): [string, number] => [text, entry.from + at + 2])
    .filter(([text]) => text.trim() !== '' && !text.trimStart().startsWith('#'));
}

function listOf(lines: string[], entry: Entry): string[] {
  const own = below(lines, entry);
  if (entry.value.startsWith('[')) {
    if (own[0]) throw new AgentOdd(own[0][1]);
    return flowList(entry.value, entry.from + 1);
  }
  if (scalarOf(entry.value, entry.from + 1)) throw new AgentOdd(entry.from + 1);
  return own.map(([text, line]) => {
    const item = /^\s*-\s+(.*)$/.exec(text)?.[1];
    if (!item) throw new AgentOdd(line);
    return scalarOf(item, line);
  });
}

function textOf(lines: string[], entry: Entry): string {
  const block = kBlock.exec(entry.value);
  if (!block) {
    const more = below(lines, entry)[0];
    if (more) throw new AgentOdd(more[1]);
    return scalarOf(entry.value, entry.from + 1);
  }
  const own = lines.slice(entry.from + 1, entry.to);
  const indent = own.find((line) => line.trim() !== '')?.search(/\S/) ?? 0;
  const odd = own.findIndex((line) => line.trim() !== '' && line.search(/\S/) < indent);
  if (odd >= 0) throw new AgentOdd(entry.from + odd + 2);
  const text = own.map((line) => line.slice(indent)).join('\n');
  if (block[1] === '+') throw new AgentOdd(entry.from + 1);
  return block[1] === '-' ? text : `${text}\n`;
}

function limitsOf(lines: string[], entry: Entry): Record<string, string> {
  if (scalarOf(entry.value, entry.from + 1)) throw new AgentOdd(entry.from + 1);
  return Object.fromEntries(
    below(lines, entry).map(([text, line]) => {
      const parts = /^\s+([a-z_]+):(?:\s+(.*))?$/.exec(text.trimEnd());
      if (!parts) throw new AgentOdd(line);
      return [parts[1] ?? '', scalarOf(parts[2] ?? '', line)];
    }),
  );
}

// Throws AgentOdd.
export function readAgent(text: string): AgentFields {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const entries = entriesOf(lines);
  const find = (key: string) => entries.find((entry) => entry.key === key);
  const textAt = (key: string) => {
    const entry = find(key);
    return entry ? textOf(lines, entry) : '';
  };
  const listAt = (key: string) => {
    const entry = find(key);
    return entry ? listOf(lines, entry) : null;
  };
  const held = find('limits');
  const limits = held ? limitsOf(lines, held) : {};
  return {
    description: textAt('description'),
    model: textAt('model'),
    fallbacks: listAt('fallbacks') ?? [],
    system_prompt: textAt('system_prompt'),
    tools: listAt('tools'),
    max_steps: limits.max_steps ?? '',
    max_tokens: limits.max_tokens ?? '',
    max_tool_calls: limits.max_tool_calls ?? '',
  };
}

const kSafe = /^[A-Za-z_./][A-Za-z0-9_./@+-]*$/;
const kWords = new Set(['true', 'false', 'null', 'yes', 'no', 'on', 'off', 'y', 'n']);
const scalar = (text: string) =>
  kSafe.test(text) && !kWords.has(text.toLowerCase()) ? text : JSON.stringify(text);

// A text as it is read best: over several lines where it has some.
function textLines(key: string, text: string): string[] {
  if (text === '') return [];
  const isBlock = text.includes('\n') && /^\S/.test(text) && !/\n\n$|\n[ \t]+$|[^\n\P{Cc}]/u.test(text);
  if (!isBlock) return [`${key}: ${scalar(text)}`];
  const body = text.replace(/\n$/, '').split('\n');
  return [`${key}: |${text.endsWith('\n') ? '' : '-'}`, ...body.map((line) => (line ? `  ${line}` : ''))];
}

const listLines = (key: string, items: string[]) => [`${key}: [${items.map(scalar).join(', ')}]`];

function limitLines(fields: AgentFields, others: Record<string, string>): string[] {
  const all = [
    ...kLimits.map((limit): [string, string] => [limit, fields[limit]]),
    ...Object.entries(others).filter(([key]) => !(kLimits as readonly string[]).includes(key)),
  ].filter(([, value]) => value !== '');
  return all.length === 0 ? [] : ['limits:', ...all.map(([key, value]) => `  ${key}: ${value}`)];
}

const kOrder = ['description', 'model', 'fallbacks', 'tools', 'limits', 'system_prompt'] as const;

function linesFor(key: (typeof kOrder)[number], fields: AgentFields, others: Record<string, string>) {
  if (key === 'limits') return limitLines(fields, others);
  if (key === 'fallbacks') return fields.fallbacks.length > 0 ? listLines(key, fields.fallbacks) : [];
  if (key === 'tools') return fields.tools ? listLines(key, fields.tools) : [];
  return textLines(key, fields[key]);
}

const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

// The text with these fields changed. Throws AgentOdd where it would not read back as what was asked for.
export function writeAgent(text: string, change: Partial<AgentFields>): string {
  const before = readAgent(text);
  const after = { ...before, ...change };
  let lines = text.replaceAll('\r\n', '\n').split('\n');
  for (const key of kOrder) {
    const parts = (key === 'limits' ? kLimits : [key]) as readonly (keyof AgentFields)[];
    if (parts.every((part) => isSame(before[part], after[part]))) continue;
    const entry = entriesOf(lines).find((one) => one.key === key);
    const own = linesFor(key, after, entry && key === 'limits' ? limitsOf(lines, entry) : {});
    if (entry) lines = [...lines.slice(0, entry.from), ...own, ...lines.slice(entry.to)];
    else {
      while (lines.at(-1) === '') lines.pop();
      lines = [...lines, ...own, ''];
    }
  }
  const out = lines.join('\n');
  if (!isSame(readAgent(out), after)) throw new AgentOdd(1);
  return out;
}
