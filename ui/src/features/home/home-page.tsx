// SPDX-License-Identifier: MIT
import { Link, useNavigate } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useMemo } from 'react';
import { useActions } from '@/actions/actions';
import { addMessages, t } from '@/i18n';
import { Button } from '@/ui/button';
import { Page } from '@/ui/page';
import { homeMessages } from './messages';
import { Needs } from './needs';
import { useFirstRun } from './queries';
import { Running } from './running';
import { Health, Spend } from './side';

addMessages(homeMessages);

function FirstRun() {
  const first = useFirstRun();
  if (!first.data) return null;
  return (
    <section className="mb-4 flex flex-wrap items-center gap-4 rounded-card border border-accent bg-accent-soft p-4">
      <div className="min-w-60 flex-1">
        <h2 className="text-body font-semibold">{t('home.first.title')}</h2>
        <p className="text-dense text-text-2">{t('home.first.why')}</p>
      </div>
      <Link
        to="/welcome"
        className="inline-flex h-8 items-center rounded-control bg-accent px-3 text-dense font-medium text-on-accent hover:brightness-110"
      >
        {t('home.first')}
      </Link>
    </section>
  );
}

export function HomePage() {
  const navigate = useNavigate();
  const actions = useMemo(
    () => [
      {
        id: 'home.chat',
        label: t('home.chat'),
        group: t('home.here'),
        keys: ['n'],
        run: () => void navigate({ to: '/chat' }),
      },
    ],
    [navigate],
  );
  useActions(actions);
  return (
    <Page
      title={t('home.title')}
      primary={
        <Button kind="primary" icon={Plus} keys="n" onClick={() => void navigate({ to: '/chat' })}>
          {t('home.chat')}
        </Button>
      }
    >
      <FirstRun />
      <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 lg:grid-cols-[repeat(2,minmax(0,1fr))] xl:grid-cols-[minmax(0,1.2fr)_minmax(0,1fr)_340px]">
        <Needs />
        <Running />
        <div className="flex flex-col gap-4">
          <Spend />
          <Health />
        </div>
      </div>
    </Page>
  );
}
