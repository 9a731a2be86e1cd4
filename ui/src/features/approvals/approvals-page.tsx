// SPDX-License-Identifier: MIT
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Hand } from 'lucide-react';
import { useCallback, useEffect, useMemo, useRef } from 'react';
import { useActions } from '@/actions/actions';
import { addMessages, t } from '@/i18n';
import { ApprovalGroup, groupApprovals, groupKey } from '@/parts/approval-group';
import { Page } from '@/ui/page';
import { Empty, Loaded } from '@/ui/states';
import { Tabs } from '@/ui/tabs';
import { Decided, DecidedDetails } from './decided';
import { approvalsMessages } from './messages';
import { type Approval, useDecided, useDecidedOne, usePending } from './queries';

addMessages(approvalsMessages);

function Nothing() {
  return (
    <Empty
      mark={<Hand size={28} aria-hidden />}
      title={t('approvals.none')}
      why={t('approvals.none.why')}
      action={
        <Link to="/policy" className="text-accent underline">
          {t('approvals.none.policy')}
        </Link>
      }
    />
  );
}

// j and k walk from card to card: each one's Deny has the focus, as on the card itself.
function useCardWalk() {
  const cards = useRef<HTMLDivElement>(null);
  const step = useCallback((by: number) => {
    const all = [...(cards.current?.querySelectorAll<HTMLElement>('[data-approval]') ?? [])];
    const at = all.findIndex((card) => card.contains(document.activeElement));
    const next = all[Math.max(0, Math.min(all.length - 1, at + by))];
    next?.querySelector<HTMLElement>('footer button:not(:disabled)')?.focus();
    next?.scrollIntoView({ block: 'nearest' });
  }, []);
  return { cards, step };
}

function Pending({
  approvals,
  open,
  cards,
}: {
  approvals: Approval[];
  // The one that the address names has the focus, else the first.
  open: string | undefined;
  cards: React.RefObject<HTMLDivElement | null>;
}) {
  // Oldest first: it runs out first.
  const groups = groupApprovals([...approvals].reverse());
  const named = groups.findIndex((group) => group.some((one) => one.id === open));
  const first = Math.max(0, named);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the page is opened
  useEffect(() => {
    const card = cards.current?.querySelector(`[data-approval="${CSS.escape(open ?? '')}"]`);
    card?.scrollIntoView?.({ block: 'start' });
  }, [open]);
  return (
    <div ref={cards} className="flex max-w-200 flex-col gap-3">
      {groups.map((group, index) => (
        <div key={groupKey(group)} data-card className="flex flex-col gap-3">
          <ApprovalGroup approvals={group} autoFocus={index === first} />
        </div>
      ))}
    </div>
  );
}

export function ApprovalsPage() {
  const pending = usePending();
  const search = useSearch({ strict: false }) as Record<string, string | undefined>;
  const navigate = useNavigate();
  const tab = search.tab === 'decided' ? 'decided' : 'pending';
  const { cards, step } = useCardWalk();
  const decided = useDecided(search.outcome ?? '');
  const open = useDecidedOne(tab === 'decided' ? search.open : undefined, decided.rows);
  const close = () => void navigate({ to: '.', search: { ...search, open: undefined }, replace: true });
  const actions = useMemo(() => {
    const group = t('approvals.here');
    return [
      { id: 'approvals.next', label: t('approvals.next'), group, keys: ['j'], run: () => step(1) },
      { id: 'approvals.previous', label: t('approvals.previous'), group, keys: ['k'], run: () => step(-1) },
      {
        id: 'approvals.filter',
        label: t('approvals.filter'),
        group,
        keys: ['/'],
        enabled: () => document.querySelector('[data-filter]') !== null,
        run: () => document.querySelector<HTMLElement>('[data-filter]')?.focus(),
      },
    ];
  }, [step]);
  useActions(actions);
  return (
    <Page
      title={t('approvals.title')}
      lead={t('approvals.lead')}
      fixed={tab === 'decided'}
      {...(open
        ? {
            details: <DecidedDetails approval={open} onClose={close} />,
            detailsLabel: t('approvals.details'),
          }
        : {})}
    >
      <Tabs
        label={t('approvals.tabs')}
        value={tab}
        onChange={(value) => void navigate({ to: '.', search: value === 'pending' ? {} : { tab: value } })}
        tabs={[
          { value: 'pending', label: t('approvals.pending'), count: pending.data?.length },
          { value: 'decided', label: t('approvals.decided') },
        ]}
      >
        {tab === 'pending' ? (
          <Loaded
            query={pending}
            what={t('approvals.what')}
            rows={3}
            empty={(rows) => rows.length === 0 && <Nothing />}
          >
            {(rows) => <Pending approvals={rows} open={search.open} cards={cards} />}
          </Loaded>
        ) : (
          <Decided held={decided} />
        )}
      </Tabs>
    </Page>
  );
}
