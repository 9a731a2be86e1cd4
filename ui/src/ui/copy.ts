// SPDX-License-Identifier: MIT
import { t } from '@/i18n';
import { runOrTell } from './failures';
import { toast } from './toast';

// Into the clipboard. A browser may refuse: then it says so, and the text is there to be selected.
export const copyText = (text: string, done = t('ui.copied'), onDone?: () => void) =>
  void runOrTell(t('ui.copy.failed'), async () => {
    await navigator.clipboard.writeText(text);
    toast(done);
    onDone?.();
  });
