// SPDX-License-Identifier: MIT
import { fileURLToPath } from 'node:url';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const daemon = process.env.PRYX_URL ?? 'http://127.0.0.1:7799';

// The daemon serves the result itself, so everything is one origin and nothing is inlined: its content security policy
// forbids inline scripts, and it embeds each file compressed.
export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: {
    alias: {
      '@': fileURLToPath(new URL('./src', import.meta.url)),
      // What Markdown decodes `&lt;` with has its own file for browsers, which asks `innerHTML`: Trusted Types do not allow it, and the
      // page would break. The other one has a table.
      'decode-named-character-reference': fileURLToPath(
        new URL('./node_modules/decode-named-character-reference/index.js', import.meta.url),
      ),
    },
  },
  html: { cspNonce: '__PRYX_NONCE__' },
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    manifest: true,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  // For work on the page itself: a daemon that runs beside it answers the API. It wants its own origin, so that is what it is told.
  server: {
    proxy: {
      '/api': {
        target: daemon,
        changeOrigin: true,
        ws: true,
        headers: { origin: daemon },
      },
    },
  },
  test: {
    environment: 'happy-dom',
    setupFiles: ['./test/setup.ts'],
    // More than what a test waits for one thing, on a machine with other work.
    testTimeout: 30_000,
    include: ['src/**/*.test.{ts,tsx}'],
    restoreMocks: true,
  },
});
