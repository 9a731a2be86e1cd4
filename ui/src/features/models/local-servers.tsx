// SPDX-License-Identifier: MIT
import { t } from '@/i18n';
import { Empty } from '@/ui/states';

export function LocalServers() {
  return <Empty title={t('local.empty')} why={t('local.empty.why')} />;
}
