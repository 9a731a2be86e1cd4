// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { keysOf } from './resync';

test.each([
  ['approval.needed', 'approvals'],
  ['turn.completed', 'messages'],
  ['cost.updated', 'budgets'],
])('%s makes %s stale', (event, key) => expect(keysOf(event)).toContain(key));

test('what streams makes nothing stale', () => {
  expect(keysOf('turn.delta')).toEqual([]);
  expect(keysOf('tool.output')).toEqual([]);
});
