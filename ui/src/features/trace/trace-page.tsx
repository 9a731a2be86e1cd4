// SPDX-License-Identifier: MIT
import { Page } from '@/ui/page';

export function TracePage() {
  return <Page title="Trace">{null}</Page>;
}
