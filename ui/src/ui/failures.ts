// SPDX-License-Identifier: MIT
// What failed of something that has no place of its own on a page: an undo, a command for everywhere, a file that somebody wrote. It
// stands above the page, with its reason and another try where there is one, until a person lets it go.
import { create } from 'zustand';

export type Failure = { what: string; error: unknown; retry?: () => void };

export const useFailures = create<{ failures: Failure[] }>(() => ({ failures: [] }));

// By its sentence there is one at most.
export function dismissFailure(what: string): void {
  useFailures.setState(({ failures }) => ({ failures: failures.filter((one) => one.what !== what) }));
}

export function tellFailure(failure: Failure): void {
  useFailures.setState(({ failures }) => ({
    failures: [...failures.filter((one) => one.what !== failure.what), failure],
  }));
}

export async function runOrTell(what: string, run: () => unknown): Promise<void> {
  dismissFailure(what);
  try {
    await run();
  } catch (error) {
    tellFailure({ what, error, retry: () => void runOrTell(what, run) });
  }
}
