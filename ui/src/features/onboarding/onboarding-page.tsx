// SPDX-License-Identifier: MIT
import { Page } from '@/ui/page';

export function OnboardingPage() {
  return <Page title="Onboarding">{null}</Page>;
}
