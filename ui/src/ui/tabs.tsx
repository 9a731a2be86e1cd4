// SPDX-License-Identifier: MIT
// Tabs whose choice lives in the address, so they are links: `value` and `onChange` come from the route.
import { Tabs as Radix } from 'radix-ui';
import { type ReactNode, useEffect, useRef } from 'react';

export function Tabs({
  label,
  value,
  onChange,
  tabs,
  children,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  tabs: { value: string; label: string; count?: number | undefined }[];
  children: ReactNode;
}) {
  const list = useRef<HTMLDivElement>(null);
  // On a narrow screen the chosen one may stand outside of what is in sight.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is found by its state, which `value` sets
  useEffect(() => {
    list.current
      ?.querySelector('[data-state=active]')
      ?.scrollIntoView?.({ block: 'nearest', inline: 'nearest' });
  }, [value]);
  return (
    <Radix.Root value={value} onValueChange={onChange} className="flex min-h-0 flex-1 flex-col">
      <Radix.List
        ref={list}
        aria-label={label}
        className="flex shrink-0 gap-1 overflow-x-auto border-b border-line"
      >
        {tabs.map((tab) => (
          <Radix.Trigger
            key={tab.value}
            value={tab.value}
            className="-mb-px h-9 border-b-2 border-transparent px-3 text-dense font-medium whitespace-nowrap text-text-2 hover:text-text data-[state=active]:border-accent data-[state=active]:text-text"
          >
            {tab.label}
            {tab.count !== undefined && <span className="ml-1.5 text-text-3">{tab.count}</span>}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {/* What scrolls here goes on to the end of the page. */}
      <Radix.Content
        value={value}
        className="-mb-(--page-end) min-h-0 flex-1 overflow-auto pt-4 pb-(--page-end) outline-none"
      >
        {children}
      </Radix.Content>
    </Radix.Root>
  );
}
