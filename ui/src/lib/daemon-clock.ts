// SPDX-License-Identifier: MIT
// What time it is for the daemon, which says when a question or a login link runs out. The browser may be on another machine, through
// `ssh -L` or a public address, and its clock minutes off. Every answer carries the daemon's time, to the second.

const kSecondMs = 1000;

// By how much the daemon's clock is ahead of this one.
let ahead = 0;

export function daemonNow(): number {
  return Date.now() + ahead;
}

// `date` is an answer's header; `asked` and `answered` are when that was for this browser.
export function hearDate(date: string | null, asked: number, answered: number): void {
  const said = Date.parse(date ?? '');
  if (Number.isNaN(said) || answered < asked) return;
  // It was said between the two, in a second that had begun a moment before. What fits stays, so that no time moves to and fro.
  const least = said - answered;
  const most = said + kSecondMs - asked;
  if (ahead < least || ahead > most) ahead = (least + most) / 2;
}
