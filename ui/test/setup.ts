// SPDX-License-Identifier: MIT
import { cleanup } from '@testing-library/react';
import { afterEach } from 'vitest';
import { appMessages } from '@/app/messages';
import { addMessages } from '@/i18n';
import { uiMessages } from '@/ui/messages';

addMessages(uiMessages);
addMessages(appMessages);
afterEach(cleanup);
