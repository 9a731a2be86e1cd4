// SPDX-License-Identifier: MIT
import { act, fireEvent, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { addMessages } from '@/i18n';
import { chatMessages } from './messages';
import { TranscriptView } from './transcript-view';

addMessages(chatMessages);

const kSeen = 500;
let height = 2000;
let top = 0;
let watching: ((entries: unknown[]) => void)[] = [];

beforeEach(() => {
  height = 2000;
  top = 0;
  watching = [];
  vi.stubGlobal(
    'ResizeObserver',
    class {
      constructor(call: (entries: unknown[]) => void) {
        watching.push(call);
      }
      observe() {}
      unobserve() {}
      disconnect() {}
    },
  );
});
afterEach(() => vi.unstubAllGlobals());

const end = () => height - kSeen;

// Nothing is laid out here: the box is as high, and scrolls as far, as a browser would let it.
function show() {
  render(
    <TranscriptView
      rows={[]}
      openTurns={[]}
      approvals={new Map()}
      catchingUp={false}
      undone={new Set()}
      commands={{
        model: 'a/b',
        retry: async () => {},
        switchModel: () => {},
        undo: () => {},
        stop: () => {},
      }}
      onFork={() => {}}
      tail={<button type="button">Discard</button>}
      sent=""
      place={{ turn: '', step: '' }}
      older={null}
    />,
  );
  const box = screen.getByRole('log');
  Object.defineProperty(box, 'scrollHeight', { configurable: true, get: () => height });
  Object.defineProperty(box, 'clientHeight', { configurable: true, get: () => kSeen });
  Object.defineProperty(box, 'scrollTop', {
    configurable: true,
    get: () => top,
    set: (to: number) => {
      top = Math.max(0, Math.min(to, end()));
    },
  });
  return box;
}

// An answer streams: the content is higher, and a browser tells of both.
function grow(box: HTMLElement) {
  height += 300;
  act(() => {
    for (const call of watching) call([]);
  });
  fireEvent.scroll(box);
}

function scrollTo(box: HTMLElement, to: number) {
  box.scrollTop = to;
  fireEvent.scroll(box);
}

const jump = () => screen.queryByRole('button', { name: 'Jump to latest' });

test('the end stays in sight until a person scrolls up, and again once one is back there', async () => {
  const box = show();
  grow(box);
  expect(top).toBe(end());
  // Content that is measured anew moves the view too; that is nobody's wish.
  scrollTo(box, end() - 200);
  expect(jump()).toBeNull();
  grow(box);
  expect(top).toBe(end());

  fireEvent.wheel(box);
  scrollTo(box, end() - 200);
  const read = top;
  grow(box);
  grow(box);
  expect(top).toBe(read);
  await userEvent.click(jump() as HTMLElement);
  expect(top).toBe(end());
  expect(jump()).toBeNull();
  grow(box);
  expect(top).toBe(end());
});

test('scrolling down to the end by hand follows again', () => {
  const box = show();
  grow(box);
  fireEvent.wheel(box);
  scrollTo(box, end() - 400);
  expect(jump()).toBeTruthy();
  scrollTo(box, end() - 10);
  expect(jump()).toBeNull();
  grow(box);
  expect(top).toBe(end());
});

test('who works on something in the transcript keeps it in sight', () => {
  const box = show();
  grow(box);
  const before = top;
  act(() => screen.getByRole('button', { name: 'Discard' }).focus());
  grow(box);
  expect(top).toBe(before);
});
