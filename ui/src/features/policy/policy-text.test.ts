// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { addRule, addTest, type List, readPolicy, removeRule, replaceRule, setTimeout } from './policy-text';

const rule = (list: List, tool: string, more = {}) => ({
  list,
  tool,
  when: [],
  commands: [],
  domains: [],
  paths: [],
  ...more,
});
const shipped = (name: string) => readFileSync(`../data/policies/${name}.yaml`, 'utf8');

const kText = `# top
name: mine
tools:
  allowed:
    # reading is fine
    - fs.read
    - tool: shell.exec   # git only
      when: [trusted_context]
      commands:
        - "git log *"
        - 'git status'
    # last
  ask: []
  denied: [http.*, "mcp.*"]
approval:
  timeout: 5m  # short
`;

test('rules have their lines, limits and notes', () => {
  const { rules, name, timeout, odd } = readPolicy(kText);
  expect([odd, name, timeout]).toEqual(['', 'mine', '5m']);
  expect(rules.map((r) => [r.list, r.tool, r.line, r.to - r.from])).toEqual([
    ['denied', 'http.*', 14, 1],
    ['denied', 'mcp.*', 14, 1],
    ['allowed', 'fs.read', 6, 1],
    ['allowed', 'shell.exec', 7, 5],
  ]);
  expect(rules[3]).toMatchObject({ commands: ['git log *', 'git status'], note: 'git only' });
});

test.each(['default', 'read-only', 'workspace', 'network-allowlist', 'safe'])(
  'the shipped policy %s takes a rule and gives it back without a trace',
  (name) => {
    const text = shipped(name);
    const before = readPolicy(text);
    expect(before.odd).toBe('');
    expect(before.rules.length).toBeGreaterThan(3);
    const added = addRule(text, rule('allowed', 'fs.write', { paths: ['docs/*'] }));
    const placed = readPolicy(added).rules.find(
      (one) => one.tool === 'fs.write' && one.paths[0] === 'docs/*',
    );
    expect(removeRule(added, placed as never)).toBe(text);
  },
);

test('a new rule touches only its own lines', () => {
  const after = addRule(kText, rule('allowed', 'fs.stat'));
  expect(after.replace('    - fs.stat\n', '')).toBe(kText);
});

test('an empty list and one in brackets become a block, and keep what they held', () => {
  expect(addRule(kText, rule('ask', 'fs.write'))).toContain('  ask:\n    - fs.write\n  denied');
  expect(addRule(kText, rule('denied', 'fs.edit'))).toContain(
    '  denied:\n    - http.*\n    - mcp.*\n    - fs.edit\napproval',
  );
});

test('a list, the tools and the file itself are made when they are missing', () => {
  expect(addRule('', rule('denied', '*', { when: ['changes'] }))).toBe(
    'tools:\n  denied:\n    - tool: "*"\n      when: [changes]\n',
  );
  expect(addRule('name: x\n', rule('ask', 'fs.read'))).toBe('name: x\ntools:\n  ask:\n    - fs.read\n');
  expect(addRule('tools:\n  ask:\n    - a\n', rule('denied', 'b'))).toBe(
    'tools:\n  ask:\n    - a\n  denied:\n    - b\n',
  );
});

test('a changed rule keeps its note and its neighbours', () => {
  const old = readPolicy(kText).rules[3];
  if (!old) throw new Error('no rule');
  const after = replaceRule(kText, old, { ...old, commands: ['git diff *'] });
  expect(after).toContain(
    '    - tool: shell.exec  # git only\n      when: [trusted_context]\n      commands:\n        - "git diff *"\n    # last',
  );
  expect(readPolicy(replaceRule(kText, old, { ...old, list: 'ask' })).rules.map((r) => r.list)).toContain(
    'ask',
  );
});

test('a rule in brackets is not rewritten by guesswork', () => {
  const first = readPolicy(kText).rules[0];
  if (!first) throw new Error('no rule');
  expect(() => removeRule(kText, first)).toThrow();
});

test.each(['a: &x 1', 'a: |\n  text', 'a:\n\t- b', '- a\nb: 1'])('%j is left to the source editor', (text) =>
  expect(readPolicy(text).odd).not.toBe(''),
);

test('the time-out keeps its comment', () => {
  expect(setTimeout(kText, '90s')).toContain('  timeout: "90s"  # short');
  expect(setTimeout('tools:\n  ask: []\n', '1h')).toContain('approval:\n  timeout: "1h"');
});

test('a test is kept with its arguments', () => {
  const after = addTest(kText, {
    name: 'no push',
    tool: 'shell.exec',
    arguments: { command: 'git push: now # x' },
    context: ['web'],
    expect: 'ask',
  });
  expect(readPolicy(after).tests).toMatchObject([
    { name: 'no push', expect: 'ask', arguments: { command: 'git push: now # x' } },
  ]);
  expect(after.startsWith(kText)).toBe(true);
});
