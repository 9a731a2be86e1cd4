// SPDX-License-Identifier: MIT
import { Copy } from 'lucide-react';
import { t } from '@/i18n';
import { IconButton } from '@/ui/button';
import { copyText } from '@/ui/copy';

// Text that is there to be taken elsewhere, whole.
export function Copyable({ text, label }: { text: string; label: string }) {
  return (
    <div className="flex items-start gap-1 rounded-control bg-sunken py-1 pr-1 pl-2">
      <pre
        // It may be wider than the page, so the keyboard has to reach it.
        tabIndex={0}
        role="group"
        aria-label={label}
        className="min-w-0 flex-1 overflow-x-auto py-1 font-mono text-label break-all whitespace-pre-wrap select-all"
      >
        {text}
      </pre>
      <IconButton small icon={Copy} label={`${t('audit.copy')}: ${label}`} onClick={() => copyText(text)} />
    </div>
  );
}
