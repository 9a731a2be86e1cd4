// SPDX-License-Identifier: MIT
import { t } from '@/i18n';
import { Button } from '@/ui/button';
import { useAccess } from './session';

// Without credentials there is nothing to show but the way in.
export function SignInPage() {
  const { state, why } = useAccess();
  if (state === 'starting')
    return (
      <main className="grid min-h-dvh place-items-center p-6 text-dense text-text-2">
        <h1 className="sr-only">Pryx</h1>
        <p role="status">{why === 'unreachable' ? t('signin.unreachable') : ''}</p>
      </main>
    );
  return (
    <main className="grid min-h-dvh place-items-center p-6">
      <div className="w-[min(440px,100%)] rounded-dialog border border-line bg-surface p-6">
        <img src="/icon.svg" alt="" width={40} height={40} />
        <h1 className="mt-3 text-h2 font-semibold">{t('signin.title')}</h1>
        {why && (
          <p role="alert" className="mt-2 text-dense text-bad">
            {why === 'over' ? t('signin.over') : why}
          </p>
        )}
        <p className="mt-2 text-body text-text-2">{t('signin.how')}</p>
        <pre className="mt-3 rounded-control bg-sunken px-3 py-2 font-mono text-dense select-all">
          pryx open
        </pre>
        <p className="mt-2 text-dense text-text-3">{t('signin.why')}</p>
        <Button className="mt-4" onClick={() => location.reload()}>
          {t('signin.reload')}
        </Button>
      </div>
    </main>
  );
}
