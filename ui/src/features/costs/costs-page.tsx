// SPDX-License-Identifier: MIT
import { Page } from '@/ui/page';

export function CostsPage() {
  return <Page title="Costs">{null}</Page>;
}
