// SPDX-License-Identifier: MIT
// A button that changes something says whether it is under way, and by that is held while the daemon is away (button.tsx). Nobody
// forgets it: every button whose own text sends a change or a form is looked at in the sources.
import { expect, test } from 'vitest';

const sources = import.meta.glob('/src/**/*.tsx', {
  query: '?raw',
  import: 'default',
  eager: true,
}) as Record<string, string>;

// The opening tags of buttons: to the `>` that is in no braces.
function buttonsOf(source: string): string[] {
  const tags: string[] = [];
  for (const match of source.matchAll(/<(?:Icon)?Button\b/g)) {
    let depth = 0;
    let at = match.index;
    for (; at < source.length; at += 1) {
      const letter = source[at];
      if (letter === '{') depth += 1;
      else if (letter === '}') depth -= 1;
      else if (letter === '>' && depth === 0) break;
    }
    tags.push(source.slice(match.index, at));
  }
  return tags;
}

const writes = (tag: string) => /\.mutate(Async)?\(|type="submit"|api\.(POST|PUT|PATCH|DELETE)/.test(tag);
const isHeld = (tag: string) => /\bbusy=/.test(tag);

test('the scanner sees what it is for', () => {
  const tags = buttonsOf(
    '<Button small onClick={() => a > b && put.mutate({ x: 1 })}>x</Button><Button busy={false}>',
  );
  expect(tags.map(writes)).toEqual([true, false]);
  expect(tags.map(isHeld)).toEqual([false, true]);
});

test('every button that writes is held while the daemon is away', () => {
  const loose = Object.entries(sources)
    .filter(([path]) => !path.includes('.test.'))
    .flatMap(([path, source]) =>
      buttonsOf(source)
        .filter((tag) => writes(tag) && !isHeld(tag))
        .map((tag) => `${path}: ${tag.replace(/\s+/g, ' ').slice(0, 120)}`),
    );
  expect(Object.keys(sources).length).toBeGreaterThan(50);
  expect(loose).toEqual([]);
});
