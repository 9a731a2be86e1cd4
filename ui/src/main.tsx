// SPDX-License-Identifier: MIT
import '@/styles.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { setNonce } from 'get-nonce';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queryClient } from '@/api/query-client';
import { appMessages } from '@/app/messages';
import { router } from '@/app/router';
import { signIn } from '@/app/session';
import { addMessages } from '@/i18n';
import { startTheme } from '@/lib/preferences';
import { partsMessages } from '@/parts/messages';
import { uiMessages } from '@/ui/messages';

// Styles that a widget puts in at run time carry the nonce that came with this page (ui/README.md, content security policy).
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce;
if (nonce) setNonce(nonce);

addMessages(uiMessages);
addMessages(appMessages);
addMessages(partsMessages);
startTheme();
void signIn();

const place = document.getElementById('root');
if (!place) throw new Error('index.html has no #root');
createRoot(place).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
