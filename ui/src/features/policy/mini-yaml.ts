// SPDX-License-Identifier: MIT
// The YAML that policies are written in, with the lines where everything stands, so that one block of a file can be rewritten and the
// rest stays as a person left it. What it does not know (anchors, tags, block texts, flow over lines) it refuses; the daemon judges.

export type YamlNode = { line: number; end: number } & (
  | { kind: 'scalar'; value: string | number | boolean | null }
  | { kind: 'map'; members: YamlMember[] }
  | { kind: 'list'; flow: boolean; items: YamlNode[]; indent: number }
);
// `line` is where the key stands; lines are counted from 0, `end` is the line after the last one.
export type YamlMember = { key: string; line: number; indent: number; node: YamlNode };

type Line = { at: number; indent: number; text: string };

export class YamlOdd extends Error {}

// Where the comment of a line begins, or its length.
export function commentAt(line: string): number {
  let quote = '';
  for (let i = 0; i < line.length; i += 1) {
    const c = line[i];
    if (quote) {
      if (c === '\\' && quote === '"') i += 1;
      else if (c === quote) quote = '';
    } else if ((c === '"' || c === "'") && /[\s,[{:-]/.test(line[i - 1] ?? ' ')) quote = c;
    else if (c === '#' && (i === 0 || /\s/.test(line[i - 1] ?? ''))) return i;
  }
  return line.length;
}

function linesOf(text: string): Line[] {
  return text.split('\n').flatMap((raw, at) => {
    const body = raw.slice(0, commentAt(raw)).trimEnd();
    const indent = body.length - body.trimStart().length;
    if (body.slice(0, indent).includes('\t')) throw new YamlOdd(`a tab in line ${at + 1}`);
    return body.trim() === '' || body === '---' ? [] : [{ at, indent, text: body.trim() }];
  });
}

function plain(text: string): string | number | boolean | null {
  if (text === '' || text === '~' || text === 'null') return null;
  if (text === 'true' || text === 'false') return text === 'true';
  if (/^-?(0|[1-9]\d*)(\.\d+)?$/.test(text)) return Number(text);
  if (/^[&*!|>%@`]/.test(text)) throw new YamlOdd(`${text} is not read here`);
  return text;
}

// One value on one line: quoted, plain, [..] or {..}.
class Flow {
  #at = 0;
  constructor(
    private readonly text: string,
    private readonly line: number,
  ) {}

  whole(): YamlNode {
    const node = this.#value('');
    this.#space();
    if (this.#at < this.text.length) throw new YamlOdd(`line ${this.line + 1} goes on after its value`);
    return node;
  }

  #space() {
    while (this.text[this.#at] === ' ') this.#at += 1;
  }

  #value(ends: string): YamlNode {
    this.#space();
    const place = { line: this.line, end: this.line + 1 };
    const c = this.text[this.#at];
    if (c === '[') return { ...place, kind: 'list', flow: true, items: this.#list(), indent: 0 };
    if (c === '{') return { ...place, kind: 'map', members: this.#map() };
    if (c === '"' || c === "'") return { ...place, kind: 'scalar', value: this.#quoted(c) };
    const from = this.#at;
    while (this.#at < this.text.length && !ends.includes(this.text[this.#at] ?? '')) {
      if (ends && this.text[this.#at] === ':' && this.text[this.#at + 1] === ' ') break;
      this.#at += 1;
    }
    return { ...place, kind: 'scalar', value: plain(this.text.slice(from, this.#at).trim()) };
  }

  #quoted(quote: string): string {
    const from = this.#at;
    this.#at += 1;
    while (this.#at < this.text.length) {
      const c = this.text[this.#at];
      if (c === '\\' && quote === '"') this.#at += 1;
      else if (c === quote) {
        if (quote === "'" && this.text[this.#at + 1] === "'") this.#at += 1;
        else break;
      }
      this.#at += 1;
    }
    if (this.text[this.#at] !== quote) throw new YamlOdd(`an open quote in line ${this.line + 1}`);
    this.#at += 1;
    const raw = this.text.slice(from, this.#at);
    try {
      return quote === '"' ? JSON.parse(raw) : raw.slice(1, -1).replaceAll("''", "'");
    } catch {
      throw new YamlOdd(`line ${this.line + 1} has an escape that is not read here`);
    }
  }

  #more(close: string): boolean {
    this.#space();
    const c = this.text[this.#at];
    if (c === undefined) throw new YamlOdd(`line ${this.line + 1} ends inside ${close}`);
    if (c === ',') this.#at += 1;
    this.#space();
    if (this.text[this.#at] !== close) return true;
    this.#at += 1;
    return false;
  }

  #list(): YamlNode[] {
    const items: YamlNode[] = [];
    this.#at += 1;
    while (this.#more(']')) items.push(this.#value(',]'));
    return items;
  }

  #map(): YamlMember[] {
    const members: YamlMember[] = [];
    this.#at += 1;
    while (this.#more('}')) {
      const key = this.#value(',}:');
      this.#space();
      if (key.kind !== 'scalar' || this.text[this.#at] !== ':')
        throw new YamlOdd(`no key in line ${this.line + 1}`);
      this.#at += 1;
      members.push({ key: String(key.value), line: this.line, indent: 0, node: this.#value(',}') });
    }
    return members;
  }
}

const kKey = /^("(?:[^"\\]|\\.)*"|'[^']*'|[^\s'"[{#][^#]*?)\s*:(?:\s+(.*))?$/;

class Block {
  #next = 0;
  constructor(private readonly lines: Line[]) {}

  whole(): YamlNode {
    const node = this.#node(0);
    const left = this.lines[this.#next];
    if (left) throw new YamlOdd(`line ${left.at + 1} does not belong to anything`);
    return node;
  }

  #endBefore(): number {
    return (this.lines[this.#next - 1]?.at ?? -1) + 1;
  }

  #node(atLeast: number): YamlNode {
    const line = this.lines[this.#next];
    if (!line || line.indent < atLeast)
      return { kind: 'scalar', value: null, line: this.#endBefore() - 1, end: this.#endBefore() };
    if (line.text === '-' || line.text.startsWith('- ')) return this.#list(line);
    if (kKey.test(line.text)) return this.#map(line);
    this.#next += 1;
    return new Flow(line.text, line.at).whole();
  }

  #list(first: Line): YamlNode {
    const items: YamlNode[] = [];
    for (let line = this.lines[this.#next]; line; line = this.lines[this.#next]) {
      if (line.indent !== first.indent || !(line.text === '-' || line.text.startsWith('- '))) break;
      const rest = line.text.slice(1).trimStart();
      let item: YamlNode;
      if (rest === '') {
        this.#next += 1;
        item = this.#node(line.indent + 1);
      } else if (rest.startsWith('- ') || (kKey.test(rest) && !/^[[{]/.test(rest))) {
        this.lines[this.#next] = {
          ...line,
          indent: line.indent + line.text.length - rest.length,
          text: rest,
        };
        item = this.#node(line.indent + 1);
      } else {
        this.#next += 1;
        item = new Flow(rest, line.at).whole();
      }
      items.push({ ...item, line: line.at, end: this.#endBefore() });
    }
    return {
      kind: 'list',
      flow: false,
      items,
      indent: first.indent,
      line: first.at,
      end: this.#endBefore(),
    };
  }

  #map(first: Line): YamlNode {
    const members: YamlMember[] = [];
    for (let line = this.lines[this.#next]; line; line = this.lines[this.#next]) {
      if (line.indent < first.indent) break;
      const parts = line.indent === first.indent ? kKey.exec(line.text) : null;
      if (!parts) throw new YamlOdd(`line ${line.at + 1} is not read here`);
      const [, name = '', rest] = parts;
      const key = /^["']/.test(name)
        ? String((new Flow(name, line.at).whole() as { value?: unknown }).value)
        : name;
      this.#next += 1;
      members.push({ key, line: line.at, indent: line.indent, node: this.#member(line, rest) });
    }
    return { kind: 'map', members, line: first.at, end: this.#endBefore() };
  }

  #member(line: Line, rest: string | undefined): YamlNode {
    if (rest) return new Flow(rest, line.at).whole();
    const below = this.lines[this.#next];
    const sameList = below?.indent === line.indent && /^-( |$)/.test(below.text);
    return this.#node(sameList ? line.indent : line.indent + 1);
  }
}

export function readYaml(text: string): YamlNode {
  return new Block(linesOf(text)).whole();
}

export function member(node: YamlNode | undefined, key: string): YamlMember | undefined {
  return node?.kind === 'map' ? node.members.find((one) => one.key === key) : undefined;
}

export function plainValue(node: YamlNode | undefined): unknown {
  if (!node) return undefined;
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(plainValue);
  return Object.fromEntries(node.members.map((one) => [one.key, plainValue(one.node)]));
}

const kSafe = /^[A-Za-z_./][A-Za-z0-9_./@+*?-]*$/;
const kWords = new Set(['true', 'false', 'null', 'yes', 'no', 'on', 'off', 'y', 'n']);

// A text as YAML, quoted when it could be read as something else.
export function scalar(text: string): string {
  return kSafe.test(text) && !kWords.has(text.toLowerCase()) ? text : JSON.stringify(text);
}
