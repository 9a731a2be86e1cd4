// SPDX-License-Identifier: MIT
// Where Markdown that still grows can be cut so that what stands before the cut is parsed once. Pure.

const kFence = /^ {0,3}(`{3,}|~{3,})/;
// What may belong to the block before it, blank lines or not: indented lines, items of a list.
const kContinues = /^(\s+\S|[-*+] |\d+[.)] )/;

export function splitBlocks(text: string): string[] {
  const blocks: string[] = [];
  let lines: string[] = [];
  let fence = '';
  let blank = false;
  for (const line of text.split('\n')) {
    const mark = kFence.exec(line)?.[1] ?? '';
    const inFence = fence !== '';
    if (!inFence && blank && line.trim() !== '' && !kContinues.test(line)) {
      blocks.push(lines.join('\n'));
      lines = [];
    }
    if (inFence && mark.startsWith(fence) && line.trim() === mark) fence = '';
    else if (!inFence) fence = mark;
    blank = !inFence && line.trim() === '';
    lines.push(line);
  }
  blocks.push(lines.join('\n'));
  return blocks;
}
