// SPDX-License-Identifier: MIT
import { waitFor } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import { copyText } from './copy';
import { useFailures } from './failures';
import { useNotes } from './toast';

const kTold = 'Not copied. Select the text and copy it with the keyboard.';
const clipboard = (writeText: unknown) => vi.stubGlobal('navigator', { clipboard: { writeText } });

test('a clipboard that refuses is told, and one that takes the text too', async () => {
  clipboard(() => Promise.reject(new Error('not allowed')));
  copyText('a');
  await waitFor(() => expect(useFailures.getState().failures.map((one) => one.what)).toEqual([kTold]));
  expect(useNotes.getState().notes).toEqual([]);
  const taken = vi.fn(() => Promise.resolve());
  clipboard(taken);
  useFailures.getState().failures[0]?.retry?.();
  await waitFor(() => expect(useNotes.getState().notes[0]?.text).toBe('Copied'));
  expect(taken).toHaveBeenCalledWith('a');
  expect(useFailures.getState().failures).toEqual([]);
  // A page that came over plain HTTP from elsewhere has none.
  vi.stubGlobal('navigator', {});
  copyText('b');
  await waitFor(() => expect(useFailures.getState().failures).toHaveLength(1));
});
