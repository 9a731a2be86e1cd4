// SPDX-License-Identifier: MIT
import { Page } from '@/ui/page';

export function PolicyPage() {
  return <Page title="Policy">{null}</Page>;
}
