// SPDX-License-Identifier: MIT
import { t } from '@/i18n';
import { Button } from '@/ui/button';

export function StepFooter({ onBack, onSkip }: { onBack: (() => void) | undefined; onSkip?: () => void }) {
  return (
    <footer className="mt-6 flex justify-between gap-2 border-t border-line pt-4">
      {onBack ? <Button onClick={onBack}>{t('welcome.back')}</Button> : <span />}
      {onSkip && (
        <Button kind="quiet" onClick={onSkip}>
          {t('welcome.skip')}
        </Button>
      )}
    </footer>
  );
}
