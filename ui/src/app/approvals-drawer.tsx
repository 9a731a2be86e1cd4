// SPDX-License-Identifier: MIT
// What waits for an answer, over any page.
import { Link } from '@tanstack/react-router';
import { usePending } from '@/api/queries';
import { t } from '@/i18n';
import { ApprovalGroup, groupApprovals, groupKey } from '@/parts/approval-group';
import { Dialog } from '@/ui/dialog';
import { Empty, Loaded } from '@/ui/states';

export default function ApprovalsDrawer({ onClose }: { onClose: () => void }) {
  const pending = usePending();
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('drawer.title')}
      side="right"
      footer={
        <Link
          to="/approvals"
          onClick={onClose}
          className="inline-flex min-h-8 items-center text-dense text-accent underline"
        >
          {t('drawer.all')}
        </Link>
      }
    >
      <Loaded
        query={pending}
        what={t('drawer.what')}
        rows={2}
        empty={(rows) => rows.length === 0 && <Empty title={t('drawer.none')} why={t('drawer.none.why')} />}
      >
        {(rows) => (
          <div className="flex flex-col gap-3">
            {groupApprovals([...rows].reverse()).map((group, index) => (
              <ApprovalGroup key={groupKey(group)} approvals={group} autoFocus={index === 0} />
            ))}
          </div>
        )}
      </Loaded>
    </Dialog>
  );
}
