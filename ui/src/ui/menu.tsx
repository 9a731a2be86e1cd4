// SPDX-License-Identifier: MIT
// A menu of actions: each row shows its shortcut. What is in a menu is in the palette too.
import { DropdownMenu as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import { keysText } from '@/actions/keys';
import { t } from '@/i18n';
import { cx } from '@/lib/cx';
import { useAway } from '@/lib/reach';

export type MenuItem =
  | { label: string; run: () => void; keys?: string; danger?: boolean; disabled?: boolean; writes?: boolean }
  | 'line';

type Props = {
  trigger: ReactNode;
  items: MenuItem[];
  label?: string;
  // For one that a command opens too; without it only the trigger does.
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  // Where the focus goes afterwards, when that is not the trigger.
  onFocusBack?: () => void;
};

// What writes needs the daemon.
export function Menu({ trigger, items, label, open, onOpenChange, onFocusBack }: Props) {
  const away = useAway();
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          aria-label={label}
          align="end"
          sideOffset={4}
          onCloseAutoFocus={(event) => {
            if (!onFocusBack) return;
            event.preventDefault();
            onFocusBack();
          }}
          className="appear z-50 min-w-48 rounded-card border border-line bg-raised p-1 text-dense shadow-float"
        >
          {items.map((item, index) =>
            item === 'line' ? (
              // biome-ignore lint/suspicious/noArrayIndexKey: a line has no other name
              <Radix.Separator key={index} className="my-1 h-px bg-line" />
            ) : (
              <Radix.Item
                key={item.label}
                disabled={item.disabled || (away && item.writes) || false}
                title={away && item.writes ? t('ui.away') : undefined}
                onSelect={item.run}
                className={cx(
                  'flex min-h-8 cursor-pointer items-center justify-between gap-6 rounded-control px-2 outline-none data-disabled:opacity-60 data-highlighted:bg-accent-soft',
                  item.danger && 'text-bad',
                )}
              >
                {item.label}
                {item.keys && <kbd className="font-mono text-meta text-text-3">{keysText(item.keys)}</kbd>}
              </Radix.Item>
            ),
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
