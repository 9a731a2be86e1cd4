// SPDX-License-Identifier: MIT
import { create } from 'zustand';

type ShellState = {
  // What lies over the page; one at a time.
  open: 'palette' | 'help' | 'notes' | 'stop' | 'approvals' | null;
  folded: boolean;
};

export const useShell = create<ShellState>(() => ({ open: null, folded: false }));
export const closeOverlay = () => useShell.setState({ open: null });
