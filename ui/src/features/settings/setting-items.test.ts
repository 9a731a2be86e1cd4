// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { fits, groupsOf, readValue, settingItems } from './setting-items';

const kSettings = {
  settings: { 'log.level': 'info', 'tools.max_steps': 50, 'heartbeat.enabled': false, listen: 'off' },
  origins: { 'log.level': 'file', 'tools.max_steps': 'default' },
  sources: { 'log.level': 'line 3' },
};
const kItems = [
  {
    key: 'log.level',
    type: 'choice',
    choices: ['debug', 'info'],
    default: 'info',
    description: 'Lines',
    needs_restart: true,
  },
  { key: 'tools.max_steps', type: 'integer', min: 1, max: 1000, default: 50, unit: null },
];
const item = (key: string, items?: object[]) => {
  const found = settingItems({ ...kSettings, items } as never).find((one) => one.key === key);
  if (!found) throw new Error(key);
  return found;
};

test('what the daemon says of a setting is taken over, else its value says its kind', () => {
  expect(item('log.level', kItems)).toMatchObject({
    type: 'choice',
    choices: ['debug', 'info'],
    needsRestart: true,
    source: 'line 3',
  });
  expect(item('log.level')).toMatchObject({ type: 'text', default: undefined });
  expect(item('log.level', [{ key: 'log.level', type: 'of tomorrow' }])).toMatchObject({ type: 'text' });
  expect(item('heartbeat.enabled')).toMatchObject({ type: 'boolean' });
  expect(item('tools.max_steps')).toMatchObject({ type: 'integer', default: 50 });
});

test('what is typed keeps the kind of the setting, within its limits', () => {
  const steps = item('tools.max_steps', kItems);
  expect(readValue(steps, ' 25 ')).toEqual({ value: 25 });
  expect(readValue(steps, '2.5')).toEqual({ problem: 'whole' });
  expect(readValue({ ...steps, type: 'size' }, '0')).toEqual({ problem: 'least' });
  expect(readValue(steps, '1001')).toEqual({ problem: 'most' });
  expect(readValue(steps, '')).toEqual({ problem: 'empty' });
  expect(readValue({ ...steps, type: 'duration' }, '1h30m')).toEqual({ value: '1h30m' });
  expect(readValue({ ...steps, type: 'duration' }, '5 minutes')).toEqual({ problem: 'duration' });
  expect(readValue({ ...steps, type: 'list', value: 'a' }, 'a, b')).toEqual({ value: 'a, b' });
  expect(readValue({ ...steps, type: 'list', value: [] }, 'a, b')).toEqual({ value: ['a', 'b'] });
});

test('groups go by prefix, and every word of a search must be there', () => {
  const all = settingItems({ ...kSettings, items: kItems } as never);
  expect(groupsOf(all).map(([prefix]) => prefix)).toEqual(['heartbeat', '', 'log', 'tools']);
  expect(all.filter((one) => fits(one, 'log lines')).map((one) => one.key)).toEqual(['log.level']);
});
