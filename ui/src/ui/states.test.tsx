// SPDX-License-Identifier: MIT
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { act, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { api, take } from '@/api/client';
import { answer, asked, problem, renderPage, startFakeDaemon } from '../../test/page';
import { FirstPage, Loaded, Waiting } from './states';

type Ask = () => Promise<unknown>;
const status: Ask = () => take(api.GET('/api/v1/status'));
const models: Ask = () => take(api.GET('/api/v1/models'));

function Part({ name, ask }: { name: string; ask: Ask }) {
  const query = useQuery({ queryKey: [name], queryFn: ask });
  return (
    <section aria-label={name}>
      <Loaded query={query} what={`${name} could not be read.`}>
        {() => <p>{name} is here</p>}
      </Loaded>
    </section>
  );
}

beforeEach(startFakeDaemon);

test('what takes over ten seconds can be cancelled and asked for again; what loads beside it goes on', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const user = userEvent.setup();
  let come = (_: unknown) => {};
  const slow = new Promise((done) => {
    come = done;
  });
  answer('GET /api/v1/status', () => new Promise(() => {}));
  answer('GET /api/v1/models', () => slow);
  const { container } = renderPage(
    <>
      <Part name="one" ask={status} />
      <Part name="two" ask={models} />
    </>,
  );
  await waitFor(() => expect(container.querySelectorAll('[aria-busy=true]')).toHaveLength(2));
  act(() => vi.advanceTimersByTime(9_800));
  expect(screen.queryByRole('button', { name: 'Cancel' })).toBeNull();
  act(() => vi.advanceTimersByTime(400));
  expect(screen.getAllByText(/Loading, 10 s so far/)).toHaveLength(2);
  await user.click(screen.getAllByRole('button', { name: 'Cancel' })[0] as HTMLElement);
  expect(await screen.findByText('Loading was cancelled')).toBeTruthy();
  expect(screen.getAllByRole('button', { name: 'Cancel' })).toHaveLength(1);
  act(() => come({ items: [] }));
  expect(await screen.findByText('two is here')).toBeTruthy();
  answer('GET /api/v1/status', {});
  await user.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findByText('one is here')).toBeTruthy();
  expect(asked.filter((one) => one.path === '/api/v1/status')).toHaveLength(2);
});

test('what cannot be read says so and can be tried again', async () => {
  answer('GET /api/v1/status', problem(500, 'PRYX-1900', 'the store is broken'));
  renderPage(<Part name="one" ask={status} />);
  expect(await screen.findByText('one could not be read.')).toBeTruthy();
  answer('GET /api/v1/status', {});
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findByText('one is here')).toBeTruthy();
});

function Two() {
  const first = useQuery({ queryKey: ['first'], queryFn: status });
  const second = useInfiniteQuery({
    queryKey: ['second'],
    queryFn: models,
    initialPageParam: '',
    getNextPageParam: () => undefined,
  });
  return first.data && second.data ? <p>both are here</p> : <Waiting of={[first, second]} />;
}

test('what waits for several things cancels those that are missing, and asks for them again', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  answer('GET /api/v1/status', {});
  answer('GET /api/v1/models', () => new Promise(() => {}));
  const { container } = renderPage(<Two />);
  await waitFor(() => expect(container.querySelector('[aria-busy=true]')).toBeTruthy());
  act(() => vi.advanceTimersByTime(10_200));
  await userEvent.click(screen.getByRole('button', { name: 'Cancel' }));
  expect(await screen.findByText('Loading was cancelled')).toBeTruthy();
  answer('GET /api/v1/models', { items: [] });
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findByText('both are here')).toBeTruthy();
  expect(asked.map((one) => one.path).sort()).toEqual(['/api/v1/models', '/api/v1/models', '/api/v1/status']);
});

test('a list that was cancelled is asked for its next page', async () => {
  const list = { more: vi.fn(), cancel: vi.fn() };
  const { container } = renderPage(<FirstPage held={{ state: 'cancelled', list }} />);
  await userEvent.click(await screen.findByRole('button', { name: 'Try again' }));
  expect(list.more).toHaveBeenCalledOnce();
  expect(container.querySelector('[aria-busy=true]')).toBeNull();
});
