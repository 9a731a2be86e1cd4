// SPDX-License-Identifier: MIT
import { fireEvent, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import { addMessages } from '@/i18n';
import { Composer } from './composer';
import { chatMessages } from './messages';

addMessages(chatMessages);
beforeEach(() => sessionStorage.clear());

const picture = (name: string) => new File(['x'], name, { type: 'image/png' });

function show(scope = 'ses_1') {
  const onSend = vi.fn(async (_text: string, _images: File[]) => true);
  const { unmount } = render(
    <Composer
      scope={scope}
      running={false}
      busy={false}
      chips={null}
      handle={null}
      onSend={onSend}
      onStop={() => {}}
    />,
  );
  return { onSend, unmount, field: screen.getByRole('textbox', { name: 'Message' }) };
}

test('a picture that is pasted or dropped is attached, can be taken off, and goes with the message', async () => {
  const { onSend, field } = show();
  const pasted = picture('pasted.png');
  const dropped = picture('dropped.png');
  // The browser would write its name into the field.
  expect(fireEvent.paste(field, { clipboardData: { files: [pasted] } })).toBe(false);
  const form = screen.getByRole('form', { name: 'Write a message' });
  // Without this the browser leaves the page and opens the file.
  expect(fireEvent.dragOver(form)).toBe(false);
  expect(fireEvent.drop(form, { dataTransfer: { files: [dropped, picture('mistake.png')] } })).toBe(false);
  expect(screen.getByRole('img', { name: 'pasted.png' })).toBeTruthy();
  expect(screen.getByRole('img', { name: 'dropped.png' })).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: 'Remove mistake.png' }));
  expect(screen.queryByRole('img', { name: 'mistake.png' })).toBeNull();
  await userEvent.type(field, 'What are these?{Enter}');
  await waitFor(() => expect(screen.queryByRole('img')).toBeNull());
  expect(onSend).toHaveBeenCalledTimes(1);
  const [text, images] = onSend.mock.calls[0] ?? [];
  expect(text).toBe('What are these?');
  expect(images).toHaveLength(2);
  expect(images?.[0]).toBe(pasted);
  expect(images?.[1]).toBe(dropped);
});

test('what is no picture is refused with its reason, and a pasted text is left to the field', () => {
  const { field } = show();
  const notes = new File(['x'], 'notes.txt', { type: 'text/plain' });
  fireEvent.paste(field, { clipboardData: { files: [notes] } });
  expect(screen.getByRole('alert').textContent).toBe('notes.txt is no PNG, JPEG, GIF or WebP image.');
  expect(screen.queryByRole('img')).toBeNull();
  expect(fireEvent.paste(field, { clipboardData: { files: [] } })).toBe(true);
});

test('pictures stay with their draft when one looks elsewhere, and go once they are sent', async () => {
  const first = show();
  fireEvent.paste(first.field, { clipboardData: { files: [picture('kept.png')] } });
  first.unmount();
  const other = show('ses_2');
  expect(screen.queryByRole('img')).toBeNull();
  other.unmount();
  const second = show();
  expect(screen.getByRole('img', { name: 'kept.png' })).toBeTruthy();
  await userEvent.type(second.field, 'Look{Enter}');
  await waitFor(() => expect(screen.queryByRole('img')).toBeNull());
  expect(second.onSend.mock.calls[0]?.[1]).toHaveLength(1);
  second.unmount();
  show();
  expect(screen.queryByRole('img')).toBeNull();
});
