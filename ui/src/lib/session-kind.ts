// SPDX-License-Identifier: MIT
import type { Schemas } from '@/api/client';

// A conversation that came out of another one: an agent started it, or a person went on from a point of it.
export function sessionKind(
  session: Pick<Schemas['Session'], 'parent_id' | 'surface'>,
): 'own' | 'sub-agent' | 'fork' {
  if (!session.parent_id) return 'own';
  return session.surface === 'agent' ? 'sub-agent' : 'fork';
}
