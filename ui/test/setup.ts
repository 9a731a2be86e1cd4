// SPDX-License-Identifier: MIT
import { cleanup } from '@testing-library/react';
import { afterEach } from 'vitest';
import { appMessages } from '@/app/messages';
import { addMessages } from '@/i18n';
import { partsMessages } from '@/parts/messages';
import { uiMessages } from '@/ui/messages';

addMessages(uiMessages);
addMessages(appMessages);
addMessages(partsMessages);
afterEach(cleanup);
