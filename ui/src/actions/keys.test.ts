// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import type { Action } from './actions';
import { isInSequence, KeyReader, keysText, setSingleKeys } from './keys';

const action = (id: string, keys: string[]): Action => ({ id, label: id, group: 'x', keys, run: () => {} });
const all = [
  action('palette', ['mod+k']),
  action('sessions', ['g s']),
  action('help', ['?']),
  action('stop', ['escape']),
  action('panic', ['mod+shift+.']),
];

function press(
  reader: KeyReader,
  key: string,
  more: KeyboardEventInit = {},
  target: EventTarget = document.body,
) {
  const event = new KeyboardEvent('keydown', { key, ...more });
  Object.defineProperty(event, 'target', { value: target });
  return reader.read(event, all)?.id ?? null;
}

test('chords, sequences and single keys', () => {
  const reader = new KeyReader();
  expect(press(reader, 'k', { ctrlKey: true })).toBe('palette');
  expect(press(reader, 'g')).toBeNull();
  expect(press(reader, 's')).toBe('sessions');
  expect(press(reader, 's')).toBeNull();
  expect(press(reader, '?', { shiftKey: true })).toBe('help');
});

test('a sequence waits for its next key a while, and no longer', () => {
  const reader = new KeyReader();
  const at = (key: string, timeStamp: number) => {
    const event = new KeyboardEvent('keydown', { key });
    Object.defineProperty(event, 'timeStamp', { value: timeStamp });
    return reader.read(event, all)?.id ?? null;
  };
  expect(at('g', 1000)).toBeNull();
  expect(isInSequence({ timeStamp: 2199 })).toBe(true);
  expect(isInSequence({ timeStamp: 2200 })).toBe(false);
  expect(at('s', 2200)).toBeNull();
  at('g', 3000);
  expect(at('s', 3100)).toBe('sessions');
  expect(isInSequence({ timeStamp: 3101 })).toBe(false);
  at('g', 4000);
  reader.forget();
  expect(isInSequence({ timeStamp: 4001 })).toBe(false);
  expect(at('s', 4002)).toBeNull();
});

test.each(['>', ':', '.'])(
  'Ctrl, Shift and the full stop fire whatever the layout makes of them: %s',
  (key) =>
    expect(press(new KeyReader(), key, { ctrlKey: true, shiftKey: true, code: 'Period' })).toBe('panic'),
);

test('letters never fire in a field, chords and Escape do', () => {
  const reader = new KeyReader();
  const field = document.createElement('textarea');
  expect(press(reader, '?', {}, field)).toBeNull();
  expect(press(reader, 'Escape', {}, field)).toBe('stop');
  expect(press(reader, 'k', { metaKey: true }, field)).toBe('palette');
});

test('what edits a text never fires in a field', () => {
  const everything = [action('all', ['mod+a'])];
  const read = (target: EventTarget) => {
    const event = new KeyboardEvent('keydown', { key: 'a', ctrlKey: true });
    Object.defineProperty(event, 'target', { value: target });
    return new KeyReader().read(event, everything)?.id ?? null;
  };
  expect(read(document.createElement('input'))).toBeNull();
  expect(read(document.body)).toBe('all');
});

test('Enter belongs to the button that has the focus', () => {
  const everything = [action('open', ['enter'])];
  const read = (target: EventTarget) => {
    const event = new KeyboardEvent('keydown', { key: 'Enter' });
    Object.defineProperty(event, 'target', { value: target });
    return new KeyReader().read(event, everything)?.id ?? null;
  };
  expect(read(document.createElement('button'))).toBeNull();
  expect(read(document.body)).toBe('open');
});

test('characters can be switched off, keys with a name stay', () => {
  const everything = [
    action('down', ['j', 'arrowdown']),
    action('open', ['enter']),
    action('peek', ['space']),
    action('range', ['shift+x']),
    action('stretch', ['shift+arrowdown']),
  ];
  const read = (key: string, more: KeyboardEventInit = {}) => {
    const event = new KeyboardEvent('keydown', { key, ...more });
    Object.defineProperty(event, 'target', { value: document.body });
    return new KeyReader().read(event, everything)?.id ?? null;
  };
  setSingleKeys(false);
  expect(press(new KeyReader(), '?')).toBeNull();
  expect(read('j')).toBeNull();
  expect(read('X', { shiftKey: true })).toBeNull();
  expect(read('ArrowDown')).toBe('down');
  expect(read('ArrowDown', { shiftKey: true })).toBe('stretch');
  expect(read('Enter')).toBe('open');
  expect(read(' ')).toBe('peek');
  expect(press(new KeyReader(), 'k', { ctrlKey: true })).toBe('palette');
  setSingleKeys(true);
});

test('keys as people read them', () => expect(keysText('g s')).toBe('G then S'));
