// SPDX-License-Identifier: MIT
import { t } from '@/i18n';
import { Dialog } from '@/ui/dialog';

export default function ApprovalsDrawer({ onClose }: { onClose: () => void }) {
  return (
    <Dialog open onClose={onClose} title={t('nav.approvals')} side="right">
      {null}
    </Dialog>
  );
}
