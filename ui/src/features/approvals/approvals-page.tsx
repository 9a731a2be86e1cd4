// SPDX-License-Identifier: MIT
import { Page } from '@/ui/page';

export function ApprovalsPage() {
  return <Page title="Approvals">{null}</Page>;
}
