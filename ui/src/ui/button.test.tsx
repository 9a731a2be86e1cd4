// SPDX-License-Identifier: MIT
import { cleanup, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, test, vi } from 'vitest';
import { isEnabled } from '@/actions/actions';
import { useBusState } from '@/bus/bus';
import { Button } from './button';
import { Menu } from './menu';

afterEach(() => {
  cleanup();
  useBusState.setState({ connection: 'live' });
});

test('while the daemon is away, what would change something says why and does nothing', async () => {
  const user = userEvent.setup();
  const onSave = vi.fn();
  const onSubmit = vi.fn((event) => event.preventDefault());
  render(
    <form onSubmit={onSubmit}>
      <input aria-label="Name" />
      <Button type="submit" busy={false} onClick={onSave}>
        Save
      </Button>
      <Button onClick={onSave}>Look</Button>
      <Button busy={false} offline onClick={onSave}>
        Queue
      </Button>
    </form>,
  );
  useBusState.setState({ connection: 'offline' });
  const save = await screen.findByRole('button', {
    name: 'Save',
    description: 'Not while the daemon is away',
  });
  expect(save.getAttribute('aria-disabled')).toBe('true');
  // A reader can still come to it and hear the reason.
  save.focus();
  expect(document.activeElement).toBe(save);
  await user.click(save);
  await user.type(screen.getByLabelText('Name'), 'x{Enter}');
  expect(onSave).not.toHaveBeenCalled();
  expect(onSubmit).not.toHaveBeenCalled();
  await user.click(screen.getByRole('button', { name: 'Look' }));
  await user.click(screen.getByRole('button', { name: 'Queue' }));
  expect(onSave).toHaveBeenCalledTimes(2);
  useBusState.setState({ connection: 'live' });
  await user.click(await screen.findByRole('button', { name: 'Save', description: '' }));
  expect(onSave).toHaveBeenCalledTimes(3);
});

test('so do commands and menus', async () => {
  const run = vi.fn();
  const action = { id: 'x', label: 'x', group: 'x', writes: true, run };
  expect(isEnabled(action)).toBe(true);
  useBusState.setState({ connection: 'offline' });
  expect(isEnabled(action)).toBe(false);
  const user = userEvent.setup();
  render(
    <Menu
      trigger={<button type="button">Open</button>}
      items={[
        { label: 'Archive', writes: true, run },
        { label: 'Copy', run: () => {} },
      ]}
    />,
  );
  await user.click(screen.getByRole('button', { name: 'Open' }));
  expect(screen.getByRole('menuitem', { name: 'Archive' }).getAttribute('aria-disabled')).toBe('true');
  expect(screen.getByRole('menuitem', { name: 'Copy' }).getAttribute('aria-disabled')).toBeNull();
});
