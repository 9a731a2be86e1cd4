// SPDX-License-Identifier: MIT

import { useNavigate, useSearch } from '@tanstack/react-router';
import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { renderPage } from '../../test/page';
import { FilterField } from './field';

function Filtered() {
  const search = useSearch({ strict: false }) as Record<string, string | undefined>;
  const navigate = useNavigate();
  const put = (q: string | undefined) => void navigate({ to: '.', search: { ...search, q }, replace: true });
  return (
    <>
      <FilterField label="Filter" value={search.q ?? ''} onText={put} />
      <button type="button" onClick={() => put(undefined)}>
        Clear
      </button>
    </>
  );
}

test('a filter in the address is edited where the caret is, and follows the address', async () => {
  const user = userEvent.setup();
  const { router } = renderPage(<Filtered />, { at: '/?q=gpt' });
  const field = (await screen.findByRole('searchbox', { name: 'Filter' })) as HTMLInputElement;
  expect(field.value).toBe('gpt');
  await user.type(field, 'my', { initialSelectionStart: 0, initialSelectionEnd: 0 });
  expect(field.value).toBe('mygpt');
  expect(field.selectionStart).toBe(2);
  await waitFor(() => expect(router.state.location.search).toEqual({ q: 'mygpt' }));
  await user.click(screen.getByRole('button', { name: 'Clear' }));
  await waitFor(() => expect(field.value).toBe(''));
  await user.type(field, 'x{Backspace}yz');
  await waitFor(() => expect(router.state.location.search).toEqual({ q: 'yz' }));
  expect(field.value).toBe('yz');
  await user.clear(field);
  await waitFor(() => expect(router.state.location.search).toEqual({}));
});
