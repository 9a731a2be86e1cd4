// SPDX-License-Identifier: MIT
// Fails when a pair of colours that the pages use together is too close: 4.5 for text, 3 for what only marks (WCAG 1.4.3, 1.4.11).
import { readFileSync } from 'node:fs';

const css = readFileSync(new URL('../src/styles.css', import.meta.url), 'utf8');
const block = (selector: string) =>
  css.slice(css.indexOf(`\n${selector} {`), css.indexOf('\n}', css.indexOf(`\n${selector} {`)));
const tokens = (text: string) =>
  new Map([...text.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map((m) => [m[1], m[2]] as [string, string]));

const light = tokens(block(':root'));
const dark = new Map([...light, ...tokens(block("[data-theme='dark']"))]);

const kGrounds = ['bg', 'surface', 'raised', 'sunken'];
const kPairs: [string, string, number][] = [
  ...['text', 'text-2', 'text-3', 'accent', 'bad'].flatMap((ink) =>
    kGrounds.map((ground) => [ink, ground, 4.5] as [string, string, number]),
  ),
  ...['control', 'focus'].flatMap((mark) =>
    kGrounds.map((ground) => [mark, ground, 3] as [string, string, number]),
  ),
  ...['ok', 'warn', 'bad', 'info', 'running'].map(
    (tone) => [tone, `${tone}-soft`, 4.5] as [string, string, number],
  ),
  ['text', 'accent-soft', 4.5],
  ['text-2', 'accent-soft', 4.5],
  ['text-3', 'accent-soft', 4.5],
  ['accent', 'accent-soft', 4.5],
  ['text', 'bad-soft', 4.5],
  ['text-2', 'bad-soft', 4.5],
  ['on-accent', 'accent', 4.5],
  ['on-bad', 'bad', 4.5],
  ['bg', 'warn', 4.5],
  ...Array.from({ length: 8 }, (_, n) => [`series-${n + 1}`, 'surface', 3] as [string, string, number]),
];

const channel = (value: number) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) =>
    channel(Number.parseInt(hex.slice(at, at + 2), 16) / 255),
  );
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function ratio(a: string, b: string): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

let failed = 0;
for (const [name, theme] of [
  ['light', light],
  ['dark', dark],
] as const) {
  let worst = Number.POSITIVE_INFINITY;
  for (const [ink, ground, least] of kPairs) {
    const [a, b] = [theme.get(ink), theme.get(ground)];
    if (!a || !b) throw new Error(`no token ${a ? ground : ink} in ${name}`);
    const value = ratio(a, b);
    worst = Math.min(worst, value / least);
    if (value >= least) continue;
    failed += 1;
    console.error(`${name}: ${ink} on ${ground} is ${value.toFixed(2)}, must be ${least}`);
  }
  console.log(
    `${name}: ${kPairs.length} pairs, the closest has ${(worst * 100).toFixed(0)} % of what it needs`,
  );
}
process.exit(failed ? 1 : 0);
