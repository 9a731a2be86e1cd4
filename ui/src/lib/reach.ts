// SPDX-License-Identifier: MIT
// Whether the daemon is away. The bus says it; what would change something asks it.
import { create } from 'zustand';

export const useReach = create<{ away: boolean }>(() => ({ away: false }));

export const useAway = (): boolean => useReach((state) => state.away);
