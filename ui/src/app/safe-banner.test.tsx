// SPDX-License-Identifier: MIT
import { render, screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { expectAccessible } from '../../test/page';
import { SafeBanner } from './safe-banner';

test('safe mode is said with its reason and the way out of it', async () => {
  const { container } = render(<SafeBanner status={{ mode: 'safe', safe_mode_reason: 'five crashes' }} />);
  expect(screen.getByRole('status').textContent).toContain('five crashes');
  expect(screen.getByText('pryx doctor')).toBeTruthy();
  expect(screen.getByText('pryx daemon restart')).toBeTruthy();
  await expectAccessible(container);
});

test('nothing is said otherwise', () => {
  const { container } = render(<SafeBanner status={{ mode: 'normal', safe_mode_reason: null }} />);
  expect(container.innerHTML).toBe('');
});
