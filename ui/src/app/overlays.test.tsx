// SPDX-License-Identifier: MIT
import { Link } from '@tanstack/react-router';
import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { toast, useNotes } from '@/ui/toast';
import { renderPage, startFakeDaemon } from '../../test/page';
import { Overlays } from './overlays';
import { closeOverlay, useShell } from './shell-state';

beforeEach(() => {
  startFakeDaemon();
  useNotes.setState({ notes: [] });
});
afterEach(closeOverlay);

test('a link in the notifications leads to its page, and they are closed', async () => {
  toast('A rule was kept', { link: <Link to="/policy">Show the rule</Link> });
  useShell.setState({ open: 'notes' });
  const { router } = renderPage(<Overlays />);
  await userEvent.click(await screen.findByRole('link', { name: 'Show the rule' }));
  await waitFor(() => expect(router.state.location.pathname).toBe('/policy'));
  expect(useShell.getState().open).toBeNull();
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
});
