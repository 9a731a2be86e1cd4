// SPDX-License-Identifier: MIT
import { Page } from '@/ui/page';

export function AuditPage() {
  return <Page title="Audit">{null}</Page>;
}
