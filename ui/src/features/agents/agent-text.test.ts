// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { AgentOdd, readAgent, writeAgent } from './agent-text';

const kFile = `# who reads
description: Reads   # short
model: openai/gpt
tools:
  - fs.*   # files
  - "web.search"
heartbeat:
  every: 1h
limits:
  max_steps: 20
system_prompt: |
  You read.

  - carefully
`;

test('a file is read as fields', () =>
  expect(readAgent(kFile)).toEqual({
    description: 'Reads',
    model: 'openai/gpt',
    fallbacks: [],
    system_prompt: 'You read.\n\n- carefully\n',
    tools: ['fs.*', 'web.search'],
    max_steps: '20',
    max_tokens: '',
    max_tool_calls: '',
  }));

test('a changed field rewrites its own lines and leaves the rest as it was', () => {
  const out = writeAgent(kFile, { max_tokens: '5000', tools: ['fs.read'] });
  expect(out).toBe(
    kFile
      .replace('  - fs.*   # files\n  - "web.search"\n', '')
      .replace('tools:', 'tools: [fs.read]')
      .replace('  max_steps: 20\n', '  max_steps: 20\n  max_tokens: 5000\n'),
  );
});

test.each([
  { system_prompt: 'one\ntwo' },
  { system_prompt: 'one\n\n  two\n' },
  { system_prompt: '  starts with blanks\nx' },
  { system_prompt: 'ends\n\n\n' },
  { system_prompt: 'a: "b" # no comment' },
  { description: '- yes' },
  { description: '' },
  { model: '' },
  { tools: [] },
  { tools: null },
  { fallbacks: ['a/b', 'c/d: e'] },
  { max_steps: '' },
])('%j comes back as it went in', (change) => {
  const out = writeAgent(kFile, change);
  expect(readAgent(out)).toEqual({ ...readAgent(kFile), ...change });
  expect(out).toContain('heartbeat:\n  every: 1h\n');
  expect(writeAgent('', change)).toBeDefined();
});

test.each([
  ['model: *other\n', 1],
  ['tools:\n  - {a: b}\n', 2],
  ['description: >\n  folded\n', 2],
  ['- a list\n', 1],
  ['model: a/b\nmodel: c/d\n', 2],
])('%j is left to its source', (text, line) => {
  try {
    readAgent(text);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(AgentOdd);
    expect((error as AgentOdd).line).toBe(line);
  }
});
