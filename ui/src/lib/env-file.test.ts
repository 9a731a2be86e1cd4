// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { secretsOf } from './env-file';

test('keys are taken, the rest is left', () => {
  const text =
    'A=1\nexport OPENAI_API_KEY="sk-1"\n# X_KEY=no\nBAD LINE\nGH_TOKEN=abc # mine\nEMPTY_KEY=\nSECRET_SAUCE=\'a b\'';
  expect(secretsOf(text)).toEqual([
    { name: 'OPENAI_API_KEY', value: 'sk-1' },
    { name: 'GH_TOKEN', value: 'abc' },
    { name: 'SECRET_SAUCE', value: 'a b' },
  ]);
});

test('the last line of a name counts', () =>
  expect(secretsOf('A_KEY=1\nA_KEY=2')).toEqual([{ name: 'A_KEY', value: '2' }]));
