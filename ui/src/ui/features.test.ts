// SPDX-License-Identifier: MIT
// A feature never imports another: what two of them need lies in parts, ui, api or lib. Held by what the sources import.
import { expect, test } from 'vitest';

const sources = import.meta.glob('/src/features/**/*.{ts,tsx}', {
  query: '?raw',
  import: 'default',
  eager: true,
}) as Record<string, string>;

// What is imported from, as it is written: by `import`, `export … from` and `import(…)`, mocks of tests too.
const importsOf = (source: string) =>
  [...source.matchAll(/(?:\bfrom|\bimport|\bimport\(|\bmock\()\s*'([^']+)'/g)].map((match) => match[1] ?? '');

const featureOf = (path: string) => /^\/src\/features\/([^/]+)\//.exec(path)?.[1];

// The feature that a file's import leads into, if any.
function leadsTo(file: string, wanted: string): string | undefined {
  if (wanted.startsWith('@/')) return featureOf(`/src/${wanted.slice(2)}/`);
  if (!wanted.startsWith('.')) return undefined;
  return featureOf(`${new URL(wanted, `file://${file}`).pathname}/`);
}

test('the scanner sees what it is for', () => {
  const found = importsOf(
    "import { a } from '@/features/chat/x';\nexport * from '../policy';\nconst y = import('./here');\nimport '../../lib/z';",
  );
  expect(found.map((one) => leadsTo('/src/features/home/sub.ts', one))).toEqual([
    'chat',
    'policy',
    'home',
    undefined,
  ]);
});

test('no feature imports another', () => {
  const wrong = Object.entries(sources).flatMap(([file, source]) =>
    importsOf(source)
      .map((wanted) => [wanted, leadsTo(file, wanted)] as const)
      .filter(([, feature]) => feature !== undefined && feature !== featureOf(file))
      .map(([wanted]) => `${file}: ${wanted}`),
  );
  expect(new Set(Object.keys(sources).map(featureOf)).size).toBeGreaterThan(10);
  expect(wrong).toEqual([]);
});
