// SPDX-License-Identifier: MIT
import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test } from 'vitest';
import { addMessages } from '@/i18n';
import { answer, renderPage, startFakeDaemon } from '../../../test/page';
import { Attention } from './attention';
import { chatMessages } from './messages';
import type { Turn } from './queries';

addMessages(chatMessages);
beforeEach(startFakeDaemon);

const step = { id: 'stp_1', kind: 'tool', tool: 'shell.exec', state: 'unknown', arguments: null };
const turn = { id: 'trn_1', session_id: 'ses_1', state: 'needs_attention', steps: [step] } as Turn;

test('a result that is written stays when its row is scrolled away, until it is sent', async () => {
  answer('POST /api/v1/turns/{id}/resume', { ...turn, state: 'running', steps: [] });
  const first = renderPage(<Attention turn={turn} />);
  await userEvent.click(await screen.findByRole('button', { name: 'Treat as done' }));
  expect(document.activeElement).toBe(screen.getByRole('textbox'));
  await userEvent.type(screen.getByRole('textbox'), 'built');
  first.unmount();
  const second = renderPage(<Attention turn={turn} />);
  expect(await screen.findByRole('textbox')).toHaveProperty('value', 'built');
  expect(document.activeElement).toBe(document.body);
  await userEvent.click(screen.getByRole('button', { name: 'Treat as done' }));
  await waitFor(() => expect(screen.queryByRole('textbox')).toBeNull());
  second.unmount();
  renderPage(<Attention turn={turn} />);
  await screen.findByRole('button', { name: 'Treat as done' });
  expect(screen.queryByRole('textbox')).toBeNull();
});
