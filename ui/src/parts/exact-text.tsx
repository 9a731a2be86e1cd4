// SPDX-License-Identifier: MIT
import { Fragment, useMemo } from 'react';
import { exactPieces } from '@/lib/exact';

// Foreign text to decide on: what would be invisible is shown as its code point; `marks` are words that are set off.
export function ExactText({ text, marks = [] }: { text: string; marks?: string[] }) {
  const pieces = useMemo(() => exactPieces(text), [text]);
  return pieces.map((piece, index) => {
    // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one text have no other name
    if (!piece.hidden) return <Fragment key={index}>{marked(piece.text, marks)}</Fragment>;
    return (
      <span
        // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one text have no other name
        key={index}
        className="rounded-control bg-bad px-0.5 text-on-bad"
      >
        {piece.text}
      </span>
    );
  });
}

function marked(text: string, marks: string[]) {
  const words = marks.filter((word) => word.length > 1);
  if (words.length === 0) return text;
  const pattern = new RegExp(
    `(${words.map((word) => word.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&')).join('|')})`,
  );
  return text.split(pattern).map((piece, index) =>
    index % 2 === 1 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one text have no other name
      <mark key={index} className="rounded-control bg-warn-soft px-0.5 text-warn">
        {piece}
      </mark>
    ) : (
      piece
    ),
  );
}
