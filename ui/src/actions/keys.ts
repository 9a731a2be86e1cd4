// SPDX-License-Identifier: MIT
// From key presses to actions. Single keys and sequences never fire in a field and can be switched off (WCAG 2.1.4).
import { type Action, isEnabled } from './actions';

const kSequenceMs = 1200;
const kSetting = 'pryx_single_keys';

export function singleKeysOn(): boolean {
  return localStorage.getItem(kSetting) !== 'off';
}
export function setSingleKeys(on: boolean): void {
  localStorage.setItem(kSetting, on ? 'on' : 'off');
}

function isField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

// Where Enter and Space already mean something.
function isPressed(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.closest('button, a[href], summary, [role=tab], [role^=menuitem]') !== null
  );
}

const kMarks: Record<string, string> = { Period: '.', Comma: ',', Slash: '/', Backslash: '\\' };

// 'mod+shift+a', 'ctrl+enter', '?', 'Escape' -> 'escape'
export function chordOf(event: KeyboardEvent): string {
  const parts: string[] = [];
  if (event.ctrlKey || event.metaKey) parts.push('mod');
  // With Ctrl and Shift the key itself counts: what Shift makes of a mark differs from layout to layout.
  const mark = event.shiftKey && parts.length > 0 ? kMarks[event.code] : undefined;
  const key = mark ?? (event.key === ' ' ? 'space' : event.key.toLowerCase());
  if (event.altKey) parts.push('alt');
  // A printable character already holds its shift ('?'), a letter or a named key does not.
  if (event.shiftKey && (mark || /^[a-z]$/.test(key) || key.length > 1)) parts.push('shift');
  parts.push(key);
  return parts.join('+');
}

// What can be switched off: what a person writes or says. Arrows, Enter and Space have names and stay.
const isCharacter = (chord: string) => chord.replace(/^shift\+/, '').length === 1;

const kEditing = new Set(['mod+a', 'mod+c', 'mod+v', 'mod+x', 'mod+z', 'mod+shift+z']);

// There is one keyboard: until when, by the time of its events, the next key belongs to a sequence that was begun.
let sequenceEnds = 0;

// Whether a letter is the next key of a sequence. What has the focus then leaves it alone, or `g s` on a question would allow it.
export function isInSequence(event: { timeStamp: number }): boolean {
  return event.timeStamp < sequenceEnds;
}

// Holds the first key of a sequence between two presses.
export class KeyReader {
  #first = '';
  #at = 0;

  // The action that this press completes, if any.
  read(event: KeyboardEvent, actions: Iterable<Action>): Action | null {
    const chord = chordOf(event);
    const plain = !chord.includes('mod+') && !chord.includes('alt+');
    // What an editor does with these is meant when one writes.
    if (isField(event.target) && kEditing.has(chord)) return null;
    if ((chord === 'enter' || chord === 'space') && isPressed(event.target)) return null;
    if (plain && chord !== 'escape' && isField(event.target)) return null;
    if (plain && isCharacter(chord) && !singleKeysOn()) return null;
    const sequence = this.#first && event.timeStamp - this.#at < kSequenceMs ? `${this.#first} ${chord}` : '';
    let starts = false;
    let found: Action | null = null;
    for (const action of actions) {
      for (const keys of action.keys ?? []) {
        if (sequence && keys === sequence && isEnabled(action)) found = action;
        else if (!sequence && keys === chord && isEnabled(action)) found = action;
        if (keys.startsWith(`${chord} `)) starts = true;
      }
    }
    this.#first = !found && starts ? chord : '';
    this.#at = event.timeStamp;
    sequenceEnds = this.#first ? this.#at + kSequenceMs : 0;
    return found;
  }

  // Somebody else took a key: what was begun before it is over.
  forget(): void {
    this.#first = '';
    sequenceEnds = 0;
  }
}

const kNames: Record<string, string> = {
  mod: /Mac|iPhone/.test(typeof navigator === 'undefined' ? '' : navigator.platform) ? '⌘' : 'Ctrl',
  shift: 'Shift',
  alt: 'Alt',
  escape: 'Esc',
  enter: 'Enter',
  space: 'Space',
  arrowup: '↑',
  arrowdown: '↓',
};

// For people: 'Ctrl K', 'G then S'.
export function keysText(keys: string): string {
  return keys
    .split(' ')
    .map((chord) =>
      chord
        .split('+')
        .map((part) => kNames[part] ?? (part.length === 1 ? part.toUpperCase() : part))
        .join(' '),
    )
    .join(' then ');
}
