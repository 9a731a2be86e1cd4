// SPDX-License-Identifier: MIT
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useMemo, useState } from 'react';
import { useActions } from '@/actions/actions';
import { addMessages, t } from '@/i18n';
import { Button } from '@/ui/button';
import { Page } from '@/ui/page';
import { Loaded, Loading } from '@/ui/states';
import { Chip, type Tone } from '@/ui/status';
import { Tabs } from '@/ui/tabs';
import { Conflict } from './conflict';
import { Decide } from './decide';
import { HistoryTab } from './history-tab';
import { Lists } from './lists';
import { policyMessages } from './messages';
import { Modes } from './modes';
import { readPolicy } from './policy-text';
import type { Policy } from './queries';
import { Refused } from './refused';
import { RuleDialog, type RuleSeed } from './rule-dialog';
import { Rules } from './rules';
import { SourceTab } from './source-tab';
import { Tests } from './tests-tab';
import { dropDraft, forgetRefusal, useWorking, type Working } from './working';

addMessages(policyMessages);

const kTabs = ['rules', 'lists', 'modes', 'test', 'tests', 'history', 'source'] as const;
type Tab = (typeof kTabs)[number];

const kForce: Record<Policy['in_force'], [shape: string, tone: Tone]> = {
  file: ['✓', 'ok'],
  default: ['○', 'idle'],
  last_good: ['△', 'warn'],
  read_only: ['⊘', 'bad'],
};

function InForce({ file }: { file: Policy }) {
  const [shape, tone] = kForce[file.in_force];
  return <Chip tone={tone} shape={shape} text={t(`policy.force.${file.in_force}`)} title={file.version} />;
}

// What stands above every tab while it is true.
function Notes({ working, tab, onGo }: { working: Working; tab: Tab; onGo: (line: number) => void }) {
  const { file, dirty } = working;
  if (!file) return null;
  return (
    <>
      {file.problems.length > 0 && (
        <div role="alert" className="mb-3 rounded-card border border-bad bg-bad-soft p-3 text-dense">
          <p className="font-medium text-bad">{t(`policy.broken.${file.in_force}`)}</p>
          <Button small className="mt-2" onClick={() => onGo(file.problems[0]?.line ?? 1)}>
            {t('policy.broken.go', { count: file.problems.length })}
          </Button>
        </div>
      )}
      {working.refusal !== null && tab !== 'source' && (
        <div className="mb-3">
          <Refused error={working.refusal} onDismiss={forgetRefusal} />
        </div>
      )}
      {dirty && tab !== 'source' && (
        <div
          role="status"
          className="mb-3 flex flex-wrap items-center gap-3 rounded-card border border-warn bg-warn-soft px-3 py-1.5 text-dense text-warn"
        >
          <span className="flex-1">{t('policy.draft')}</span>
          <Button small onClick={() => onGo(1)}>
            {t('policy.draft.open')}
          </Button>
          <Button small onClick={dropDraft}>
            {t('source.discard')}
          </Button>
        </div>
      )}
      {working.fromDefault && file.problems.length === 0 && (
        <p className="pb-3 text-dense text-text-2">{t('policy.fromdefault')}</p>
      )}
    </>
  );
}

function useTab(): [
  Tab,
  Record<string, string | undefined>,
  (tab: string, more?: Record<string, string>) => void,
] {
  const search = useSearch({ strict: false }) as Record<string, string | undefined>;
  const navigate = useNavigate();
  const go = useCallback(
    (tab: string, more: Record<string, string> = {}) =>
      void navigate({ to: '.', search: { ...(tab === 'rules' ? {} : { tab }), ...more } }),
    [navigate],
  );
  return [kTabs.find((one) => one === search.tab) ?? 'rules', search, go];
}

export function PolicyPage() {
  const working = useWorking();
  const [tab, search, go] = useTab();
  const [seed, setSeed] = useState<RuleSeed | null>(null);
  const onGo = useCallback((line: number) => go('source', { line: String(line) }), [go]);
  const actions = useMemo(
    () => [
      {
        id: 'policy.add',
        label: t('rule.add'),
        group: t('policy.here'),
        keys: ['n'],
        words: 'deny allow ask',
        run: () => setSeed({}),
      },
      {
        id: 'policy.filter',
        label: t('rules.filter'),
        group: t('policy.here'),
        keys: ['/'],
        run: () => document.querySelector<HTMLElement>('[data-filter]')?.focus(),
      },
      ...kTabs.map((one, index) => ({
        id: `policy.tab.${one}`,
        label: t(`policy.tab.${one}`),
        group: t('policy.here'),
        keys: [String(index + 1)],
        run: () => go(one),
      })),
    ],
    [go],
  );
  useActions(actions);
  const tests = useMemo(() => readPolicy(working.text).tests.length, [working.text]);
  const shown: Record<Tab, () => React.ReactNode> = {
    rules: () => <Rules working={working} onRule={setSeed} onGo={onGo} />,
    lists: () => <Lists working={working} onGo={onGo} />,
    modes: () => <Modes working={working} />,
    test: () => <Decide working={working} onGo={onGo} />,
    tests: () => <Tests working={working} onGo={onGo} onDecide={() => go('test')} />,
    history: () => <HistoryTab working={working} />,
    source: () => <SourceTab working={working} line={search.line ? Number(search.line) : undefined} />,
  };
  return (
    <Page
      title={t('policy.title')}
      lead={t('policy.lead')}
      status={working.file && <InForce file={working.file} />}
    >
      <Notes working={working} tab={tab} onGo={onGo} />
      <Tabs
        label={t('policy.tabs')}
        value={tab}
        onChange={(value) => go(value)}
        tabs={kTabs.map((one) => ({
          value: one,
          label: t(`policy.tab.${one}`),
          count: one === 'tests' && tests > 0 ? tests : undefined,
        }))}
      >
        <Loaded query={working.policy} what={t('policy.what')}>
          {() =>
            working.ready ? (
              shown[tab]()
            ) : (
              // Without a file the shipped default is what is shown, and that comes by itself.
              <Loaded query={working.templates} what={t('policy.what')}>
                {() => <Loading />}
              </Loaded>
            )
          }
        </Loaded>
      </Tabs>
      {seed && <RuleDialog seed={seed} working={working} onClose={() => setSeed(null)} />}
      <Conflict working={working} />
    </Page>
  );
}
