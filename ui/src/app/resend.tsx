// SPDX-License-Identifier: MIT
// What waits for the daemon is sent as soon as it is back, from whichever page; what is refused then is told where it is not seen.
import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect } from 'react';
import { sendAgain } from '@/api/outbox';
import { useBusState } from '@/bus/bus';
import { t } from '@/i18n';
import { toast } from '@/ui/toast';
import { closeOverlay } from './shell-state';

export function useResend(): void {
  const queries = useQueryClient();
  const isLive = useBusState((state) => state.connection === 'live');
  useEffect(() => {
    if (!isLive) return;
    void sendAgain(queries).then((refused) => {
      for (const session of new Set(refused.map((one) => one.session)))
        toast(t('shell.resend.refused'), {
          link: (
            <Link
              to="/chat/$session"
              params={{ session }}
              onClick={closeOverlay}
              className="font-medium text-accent underline"
            >
              {t('ended.open')}
            </Link>
          ),
        });
    });
  }, [isLive, queries]);
}
