// SPDX-License-Identifier: MIT
import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { type Asked, answer, asked, renderPage, startFakeDaemon } from '../../test/page';
import { usePending } from './queries';

function Pending() {
  return (
    <p>
      {usePending()
        .data?.map((one) => one.id)
        .join(' ')}
    </p>
  );
}

test('what waits for a person is read to its end, for the oldest runs out first', async () => {
  startFakeDaemon();
  answer('GET /api/v1/approvals', ({ query }: Asked) =>
    query.get('cursor') === 'apr_2'
      ? { items: [{ id: 'apr_1' }], next_cursor: null }
      : { items: [{ id: 'apr_3' }, { id: 'apr_2' }], next_cursor: 'apr_2' },
  );
  renderPage(<Pending />);
  expect(await screen.findByText('apr_3 apr_2 apr_1')).toBeTruthy();
  expect(asked.map((one) => one.query.get('state'))).toEqual(['pending', 'pending']);
});
