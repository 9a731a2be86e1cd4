// SPDX-License-Identifier: MIT
// Class names, without what is false.
export function cx(...names: (string | false | null | undefined)[]): string {
  return names.filter(Boolean).join(' ');
}
