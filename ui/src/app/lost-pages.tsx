// SPDX-License-Identifier: MIT
import { Link } from '@tanstack/react-router';
import { t } from '@/i18n';
import { Page } from '@/ui/page';
import { Empty, ErrorNote } from '@/ui/states';

export function NotFoundPage() {
  return (
    <Page title={t('notfound.title')}>
      <Empty
        title={t('notfound.title')}
        why={t('notfound.why')}
        action={
          <Link to="/" className="text-accent underline">
            {t('notfound.home')}
          </Link>
        }
      />
    </Page>
  );
}

export function CrashPage({ error }: { error: unknown }) {
  return (
    <Page title={t('crash.title')} width="form">
      <ErrorNote error={error} what={t('crash.title')} retry={() => location.reload()} />
    </Page>
  );
}
