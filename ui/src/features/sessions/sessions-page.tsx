// SPDX-License-Identifier: MIT
import { Page } from '@/ui/page';

export function SessionsPage() {
  return <Page title="Sessions">{null}</Page>;
}
