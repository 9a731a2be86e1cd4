// SPDX-License-Identifier: MIT
// policy.yaml as the page sees it: rules with their lines, and edits that touch only the lines of one rule. Every edit is read again
// before it is handed back, so that it does what it says or fails.
import {
  commentAt,
  member,
  plainValue,
  readYaml,
  scalar,
  type YamlMember,
  type YamlNode,
  YamlOdd,
} from './mini-yaml';

export const kLists = ['denied', 'ask', 'allowed'] as const;
export type List = (typeof kLists)[number];
export const kVerdict = { denied: 'deny', ask: 'ask', allowed: 'allow' } as const;
export const kLimits = ['commands', 'domains', 'paths'] as const;
export const kConditions = [
  'trusted_context',
  'untrusted_context',
  'reads',
  'changes',
  'read_only_commands',
] as const;

export type Rule = {
  list: List;
  tool: string;
  when: string[];
  commands: string[];
  domains: string[];
  paths: string[];
};
// `line` is counted from 1, as the daemon counts; the block is the lines [from, to), from 0.
// `nth` tells it apart in its list.
export type PlacedRule = Rule & { line: number; from: number; to: number; nth: number; note: string };
export type PlacedTest = {
  name: string;
  tool: string;
  expect: string;
  arguments: unknown;
  line: number;
  from: number;
  to: number;
};
export type PolicyText = {
  rules: PlacedRule[];
  tests: PlacedTest[];
  name: string;
  timeout: string;
  // Why the text cannot be shown as rules; its source still can be edited.
  odd: string;
};

const strings = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

function noteOf(line: string): string {
  return line.slice(commentAt(line)).replace(/^#\s*/, '').trim();
}

function ruleOf(list: List, node: YamlNode, nth: number, lines: string[]): PlacedRule {
  const place = {
    line: node.line + 1,
    from: node.line,
    to: node.end,
    nth,
    note: noteOf(lines[node.line] ?? ''),
  };
  const none = { when: [], commands: [], domains: [], paths: [] };
  if (node.kind === 'scalar') return { list, tool: String(node.value ?? ''), ...none, ...place };
  const value = plainValue(node) as Record<string, unknown>;
  return {
    list,
    tool: String(value.tool ?? ''),
    when: strings(value.when),
    commands: strings(value.commands),
    domains: strings(value.domains),
    paths: strings(value.paths),
    ...place,
  };
}

export function readPolicy(text: string): PolicyText {
  const empty: PolicyText = { rules: [], tests: [], name: '', timeout: '', odd: '' };
  if (text.trim() === '') return empty;
  try {
    const root = readYaml(text);
    const lines = text.split('\n');
    const tools = member(root, 'tools')?.node;
    const rules = kLists.flatMap((list) => {
      const node = member(tools, list)?.node;
      return node?.kind === 'list' ? node.items.map((item, nth) => ruleOf(list, item, nth, lines)) : [];
    });
    const tests = member(root, 'tests')?.node;
    const approval = member(root, 'approval')?.node;
    return {
      rules,
      tests:
        tests?.kind === 'list'
          ? tests.items.map((item) => {
              const value = plainValue(item) as Record<string, unknown>;
              return {
                name: String(value.name ?? ''),
                tool: String(value.tool ?? ''),
                expect: String(value.expect ?? ''),
                arguments: value.arguments ?? {},
                line: item.line + 1,
                from: item.line,
                to: item.end,
              };
            })
          : [],
      name: String(plainValue(member(root, 'name')?.node) ?? ''),
      timeout: String(plainValue(member(approval, 'timeout')?.node) ?? ''),
      odd: '',
    };
  } catch (error) {
    if (error instanceof YamlOdd) return { ...empty, odd: error.message };
    throw error;
  }
}

// The lines of one rule as an entry of its list.
export function writeRule(rule: Rule, indent: number, note = ''): string[] {
  const pad = ' '.repeat(indent);
  const tail = note ? `  # ${note}` : '';
  const limits = kLimits.filter((kind) => rule[kind].length > 0);
  if (rule.when.length === 0 && limits.length === 0) return [`${pad}- ${scalar(rule.tool)}${tail}`];
  return [
    `${pad}- tool: ${scalar(rule.tool)}${tail}`,
    ...(rule.when.length > 0 ? [`${pad}  when: [${rule.when.map(scalar).join(', ')}]`] : []),
    ...limits.flatMap((kind) => [
      `${pad}  ${kind}:`,
      ...rule[kind].map((value) => `${pad}    - ${scalar(value)}`),
    ]),
  ];
}

const key = (rule: Rule) =>
  JSON.stringify([rule.list, rule.tool, rule.when, rule.commands, rule.domains, rule.paths]);

function splice(text: string, from: number, count: number, added: string[]): string {
  const lines = text.split('\n');
  lines.splice(from, count, ...added);
  return lines.join('\n');
}

// What was asked for, or an error: the result is read again and must hold exactly these rules.
function held(next: string, wanted: Rule[]): string {
  const read = readPolicy(next);
  const have = read.rules.map(key).sort();
  const want = wanted.map(key).sort();
  if (read.odd || have.length !== want.length || have.some((one, index) => one !== want[index]))
    throw new YamlOdd(read.odd || 'the file is written in a way that is not rewritten here');
  return next;
}

const others = (text: string, rule: PlacedRule) =>
  readPolicy(text).rules.filter((one) => one.list !== rule.list || one.nth !== rule.nth);

export function removeRule(text: string, rule: PlacedRule): string {
  const rest = others(text, rule);
  return held(splice(text, rule.from, rule.to - rule.from, []), rest);
}

const saidBy = ({ list, tool, when, commands, domains, paths }: Rule) =>
  JSON.stringify([list, tool, when, commands, domains, paths]);

// The same rule in a newer text, where it may stand elsewhere. Of several that say the same, the nearest.
export function findRule(text: string, old: PlacedRule): PlacedRule | undefined {
  const apart = (rule: PlacedRule) => Math.abs(rule.nth - old.nth);
  return readPolicy(text)
    .rules.filter((rule) => saidBy(rule) === saidBy(old))
    .sort((a, b) => apart(a) - apart(b))[0];
}

export function replaceRule(text: string, old: PlacedRule, rule: Rule): string {
  if (old.list !== rule.list) return addRule(removeRule(text, old), rule, old.note);
  const lines = text.split('\n');
  const indent = (lines[old.from] ?? '').search(/\S/);
  const rest = others(text, old);
  return held(splice(text, old.from, old.to - old.from, writeRule(rule, indent, old.note)), [...rest, rule]);
}

function appended(text: string, added: string[]): string {
  const base = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  return `${base}${added.join('\n')}\n`;
}

// The key of a list without entries, or with all of them in brackets, becomes a block.
function intoList(
  text: string,
  list: YamlMember,
  block: (indent: number) => string[],
  old: string[],
): string {
  const { node } = list;
  if (node.kind === 'list' && !node.flow) return splice(text, node.end, 0, block(node.indent));
  const line = text.split('\n')[list.line] ?? '';
  const note = line.slice(commentAt(line));
  const head = `${' '.repeat(list.indent)}${list.key}:${note ? `  ${note}` : ''}`;
  return splice(text, list.line, 1, [head, ...old, ...block(list.indent + 2)]);
}

export function addRule(text: string, rule: Rule, note = ''): string {
  const before = readPolicy(text);
  if (before.odd) throw new YamlOdd(before.odd);
  const wanted = [...before.rules, rule];
  const block = (indent: number) => writeRule(rule, indent, note);
  if (text.trim() === '') return held(appended('', ['tools:', `  ${rule.list}:`, ...block(4)]), wanted);
  const tools = member(readYaml(text), 'tools');
  if (!tools) return held(appended(text, ['tools:', `  ${rule.list}:`, ...block(4)]), wanted);
  const list = member(tools.node, rule.list);
  if (list) {
    const flow =
      list.node.kind === 'list' && list.node.flow ? before.rules.filter((r) => r.list === rule.list) : [];
    return held(
      intoList(
        text,
        list,
        block,
        flow.flatMap((one) => writeRule(one, list.indent + 2)),
      ),
      wanted,
    );
  }
  const first = tools.node.kind === 'map' ? tools.node.members[0] : undefined;
  const indent = first?.indent ?? 2;
  const added = [`${' '.repeat(indent)}${rule.list}:`, ...block(indent + 2)];
  if (first) return held(splice(text, tools.node.end, 0, added), wanted);
  return held(splice(text, tools.line, 1, ['tools:', ...added]), wanted);
}

export function setTimeout(text: string, value: string): string {
  const rules = readPolicy(text).rules;
  const root = readYaml(text);
  const approval = member(root, 'approval');
  const old = member(approval?.node, 'timeout');
  if (old && old.node.kind === 'scalar') {
    const line = text.split('\n')[old.line] ?? '';
    const note = line.slice(commentAt(line));
    const next = `${' '.repeat(old.indent)}timeout: ${scalar(value)}${note ? `  ${note}` : ''}`;
    return held(splice(text, old.line, 1, [next]), rules);
  }
  if (approval?.node.kind === 'map') {
    const indent = approval.node.members[0]?.indent ?? 2;
    return held(
      splice(text, approval.node.end, 0, [`${' '.repeat(indent)}timeout: ${scalar(value)}`]),
      rules,
    );
  }
  return held(appended(text, ['approval:', `  timeout: ${scalar(value)}`]), rules);
}

export type NewTest = {
  name: string;
  tool: string;
  arguments: Record<string, unknown>;
  context: string[];
  expect: string;
};

// JSON is YAML, so arguments stand on one line as they were written.
function writeTest(test: NewTest, indent: number): string[] {
  const pad = ' '.repeat(indent);
  return [
    `${pad}- name: ${scalar(test.name)}`,
    `${pad}  tool: ${scalar(test.tool)}`,
    ...(Object.keys(test.arguments).length > 0
      ? [`${pad}  arguments: ${JSON.stringify(test.arguments)}`]
      : []),
    ...(test.context.length > 0 ? [`${pad}  context: [${test.context.map(scalar).join(', ')}]`] : []),
    `${pad}  expect: ${test.expect}`,
  ];
}

export function addTest(text: string, test: NewTest): string {
  const { rules } = readPolicy(text);
  const list = member(readYaml(text), 'tests');
  const block = (indent: number) => writeTest(test, indent);
  if (!list) return held(appended(text, ['tests:', ...block(2)]), rules);
  if (list.node.kind === 'list' && list.node.flow && list.node.items.length > 0)
    throw new YamlOdd('the tests are written on one line');
  return held(intoList(text, list, block, []), rules);
}

export function removeTest(text: string, test: PlacedTest): string {
  return held(splice(text, test.from, test.to - test.from, []), readPolicy(text).rules);
}
