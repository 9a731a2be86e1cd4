// SPDX-License-Identifier: MIT
// The session of this browser. The cookie is the daemon's alone; the page keeps the token that every change needs beside it.
const kCsrf = 'pryx_csrf';

export function csrfToken(): string {
  return localStorage.getItem(kCsrf) ?? '';
}

export function isSignedIn(): boolean {
  return csrfToken() !== '';
}

export function keepCsrfToken(token: string): void {
  localStorage.setItem(kCsrf, token);
}

export function forgetCredentials(): void {
  localStorage.removeItem(kCsrf);
}

// The code of a login link, taken out of the address bar and the history before anything else: it is a secret for a minute.
export function takeLoginCode(): string {
  const code = new URLSearchParams(location.hash.slice(1)).get('code') ?? '';
  if (code) history.replaceState(null, '', location.pathname + location.search);
  return code;
}
