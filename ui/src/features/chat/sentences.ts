// SPDX-License-Identifier: MIT
// What a screen reader hears of an answer that streams: sentences that are complete, without markup. Pure.

const kEnd = /[.!?…。！？](?=["'”’)\]]*(\s|$))|\n{2,}|:\n/g;

// How much of `text` from `from` on is whole sentences; `from` when nothing is.
export function sentenceEnd(text: string, from: number): number {
  let end = from;
  for (const match of text.slice(from).matchAll(kEnd)) end = from + match.index + match[0].length;
  return end;
}

// Fences, links and marks are for the eye.
export function spoken(markdown: string): string {
  return markdown
    .replace(/```[\s\S]*?(```|$)/g, ' (code) ')
    .replace(/!\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[*_`#>|~]+/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
