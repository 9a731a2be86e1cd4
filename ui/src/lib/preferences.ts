// SPDX-License-Identifier: MIT
// What this browser prefers and no other: theme, announcements of answers, where the next conversation works.
import { create } from 'zustand';

export type Theme = 'system' | 'light' | 'dark';
const kKey = 'pryx_theme';
const kDark = '(prefers-color-scheme: dark)';
// Forced colours come with the scheme that fits them, so that what is painted on a canvas is seen on them too.
const kForced = '(forced-colors: active)';

function stored(): Theme {
  const value = localStorage.getItem(kKey);
  return value === 'light' || value === 'dark' ? value : 'system';
}

export const useTheme = create<{ theme: Theme }>(() => ({ theme: stored() }));

export function isDark(theme: Theme): boolean {
  const follows = theme === 'system' || matchMedia(kForced).matches;
  return follows ? matchMedia(kDark).matches : theme === 'dark';
}

const kNext = { system: 'light', light: 'dark', dark: 'system' } as const;
export function nextTheme(): void {
  setTheme(kNext[useTheme.getState().theme]);
}

function show(): void {
  document.documentElement.dataset.theme = isDark(useTheme.getState().theme) ? 'dark' : 'light';
}

export function setTheme(theme: Theme): void {
  localStorage.setItem(kKey, theme);
  useTheme.setState({ theme });
  show();
}

export function startTheme(): void {
  show();
  for (const query of [kDark, kForced]) matchMedia(query).addEventListener('change', show);
}

const kAnnounce = 'pryx_announce';

// Whether answers are read aloud by screen readers while they come.
export function announceOn(): boolean {
  return localStorage.getItem(kAnnounce) !== 'off';
}
export function setAnnounce(on: boolean): void {
  localStorage.setItem(kAnnounce, on ? 'on' : 'off');
}

const kWorkspace = 'pryx_workspace';

// The id of a workspace, which may have been removed since; empty: a private folder of the conversation.
export function lastWorkspace(): string {
  return localStorage.getItem(kWorkspace) ?? '';
}
export function setLastWorkspace(id: string): void {
  localStorage.setItem(kWorkspace, id);
}
