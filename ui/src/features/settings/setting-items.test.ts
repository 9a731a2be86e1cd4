// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { fits, groupsOf, readValue, type SettingItem, valueText } from './setting-items';

const setting = (key: string, more: Partial<SettingItem> = {}): SettingItem => ({
  key,
  value: '',
  default: '',
  type: 'text',
  description: '',
  choices: null,
  min: null,
  max: null,
  unit: null,
  nothing: null,
  environment: null,
  origin: 'default',
  source: '',
  needs_restart: false,
  ...more,
});

test('what is typed keeps the kind of the setting, within its limits', () => {
  const steps = setting('tools.max_steps', { type: 'integer', value: 50, min: 1, max: 1000 });
  expect(readValue(steps, ' 25 ')).toEqual({ value: 25 });
  expect(readValue(steps, '2.5')).toEqual({ problem: 'whole' });
  expect(readValue({ ...steps, type: 'size' }, '0')).toEqual({ problem: 'least' });
  expect(readValue(steps, '1001')).toEqual({ problem: 'most' });
  expect(readValue(steps, '')).toEqual({ problem: 'empty' });
  const wait = setting('agent.idle', { type: 'duration', value: '5m', min: '1s' });
  expect(readValue(wait, '1h30m')).toEqual({ value: '1h30m' });
  expect(readValue(wait, '5 minutes')).toEqual({ problem: 'duration' });
  expect(readValue(setting('hosts', { type: 'list', value: 'a' }), 'a, b')).toEqual({ value: 'a, b' });
  expect(readValue(setting('later', { type: 'of tomorrow' as never }), 'x')).toEqual({ value: 'x' });
  expect([50, false, 'a, b', null].map(valueText)).toEqual(['50', 'false', 'a, b', '']);
});

test('groups go by prefix, and every word of a search must be there', () => {
  const all = [
    setting('heartbeat.enabled', { value: false }),
    setting('listen', { value: 'off' }),
    setting('log.level', { description: 'Lines', value: 'info' }),
    setting('tools.max_steps', { value: 50 }),
  ];
  expect(groupsOf(all).map(([prefix]) => prefix)).toEqual(['heartbeat', '', 'log', 'tools']);
  expect(all.filter((one) => fits(one, 'log lines')).map((one) => one.key)).toEqual(['log.level']);
});
