// SPDX-License-Identifier: MIT
import { cleanup, configure } from '@testing-library/react';
import { afterEach } from 'vitest';
import { appMessages } from '@/app/messages';
import { addMessages } from '@/i18n';
import { forgetKept } from '@/lib/kept';
import { partsMessages } from '@/parts/messages';
import { uiMessages } from '@/ui/messages';

// A machine that also builds is slow; what is waited for ends the wait when it is there.
configure({ asyncUtilTimeout: 5_000 });

addMessages(uiMessages);
addMessages(appMessages);
addMessages(partsMessages);
afterEach(() => {
  cleanup();
  // What one test typed is nothing to the next.
  forgetKept('');
});
