// SPDX-License-Identifier: MIT
// Whether this browser is signed in, and the way in and out.
import { create } from 'zustand';
import { api, take } from '@/api/client';
import { forgetCredentials, isSignedIn, keepCsrfToken, takeLoginCode } from '@/api/credentials';
import { Problem } from '@/api/problem';
import { queryClient, whenSignedOut } from '@/api/query-client';
import { bus } from '@/bus/bus';
import { resync } from '@/bus/resync';
import { useFailures } from '@/ui/failures';

type Access = { state: 'starting' | 'in' | 'out'; why: string };
export const useAccess = create<Access>(() => ({ state: 'starting', why: '' }));

let endResync: (() => void) | undefined;

function signedOut(why: string): void {
  bus.stop();
  endResync?.();
  endResync = undefined;
  forgetCredentials();
  queryClient.clear();
  useFailures.setState({ failures: [] });
  useAccess.setState({ state: 'out', why });
}

async function enter(): Promise<void> {
  // One question tells whether the cookie is still good, and from which version on events are news.
  const status = await take(api.GET('/api/v1/status'));
  queryClient.setQueryData(['status'], status);
  endResync ??= resync(bus, queryClient);
  bus.mayConnect = async () => {
    const { data, response } = await api.GET('/api/v1/status');
    if (response.status === 401 || response.status === 403) {
      signedOut('over');
      return false;
    }
    // It may be another daemon than before: one in safe mode says so at once.
    if (data) queryClient.setQueryData(['status'], data);
    return true;
  };
  bus.start(status.event_version);
  useAccess.setState({ state: 'in', why: '' });
}

export async function signIn(): Promise<void> {
  whenSignedOut(() => useAccess.getState().state === 'in' && signedOut('over'));
  const code = takeLoginCode();
  try {
    if (code) keepCsrfToken((await take(api.POST('/api/v1/login', { body: { code } }))).csrf_token);
    if (!isSignedIn()) return useAccess.setState({ state: 'out', why: '' });
    await enter();
  } catch (error) {
    if (error instanceof Problem)
      return signedOut(code ? error.message : error.status === 401 ? 'over' : error.message);
    // No answer: the daemon may be starting. The page waits for it.
    useAccess.setState({ state: 'starting', why: 'unreachable' });
    setTimeout(() => void signIn(), 2000);
  }
}

export async function signOut(): Promise<void> {
  try {
    await take(api.POST('/api/v1/logout'));
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401) throw error;
  }
  signedOut('');
}
