// SPDX-License-Identifier: MIT
// Foreign text that a person decides on, cut into what is seen and what would not be: controls, bidi marks, zero-width characters,
// blanks that are none, marks stacked on marks. The second kind is shown as its code point. Pure.

export type ExactPiece = { text: string; hidden: boolean };

// Letters by category that show nothing.
const kFillers =
  '\\u115f\\u1160\\u3164\\uffa0\\u17b4\\u17b5\\u034f\\u180b-\\u180f\\ufe00-\\ufe0f\\ufff0-\\ufffb';
const kHidden = new RegExp(
  `(?![\\n\\t])[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Co}\\p{Cn}\\p{Zl}\\p{Zp}${kFillers}\\u{e0000}-\\u{e0fff}]|(?! )\\p{Zs}|(?<=\\p{M}{6})\\p{M}`,
  'gu',
);

export function codePointName(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x80 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}

export function exactPieces(text: string): ExactPiece[] {
  const pieces: ExactPiece[] = [];
  let from = 0;
  for (const match of text.matchAll(kHidden)) {
    if (match.index > from) pieces.push({ text: text.slice(from, match.index), hidden: false });
    pieces.push({ text: codePointName(match[0]), hidden: true });
    from = match.index + match[0].length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), hidden: false });
  return pieces;
}
