// SPDX-License-Identifier: MIT
import { Link } from '@tanstack/react-router';
import { Ellipsis } from 'lucide-react';
import { keysText } from '@/actions/keys';
import { t } from '@/i18n';
import { cx } from '@/lib/cx';
import { kNav, type NavItem } from './nav';
import { useShell } from './shell-state';

const kGroups = ['work', 'minds', 'govern', 'end'] as const;
const kNarrow = ['home', 'chat', 'approvals', 'sessions'];
const kThumb =
  'flex min-h-12 flex-1 flex-col items-center justify-center text-meta text-text-2 aria-[current=page]:text-accent';

function RailLink({ item, badge, bare }: { item: NavItem; badge: number; bare: boolean }) {
  const label = t(`nav.${item.id}`);
  return (
    <Link
      to={item.to as '/'}
      activeOptions={{ exact: item.to === '/' }}
      title={`${label} · ${keysText(item.keys)}`}
      aria-label={bare ? (badge > 0 ? `${label} ${badge}` : label) : undefined}
      className="flex h-8 items-center gap-2.5 rounded-control px-2.5 text-dense text-text-2 hover:bg-sunken hover:text-text aria-[current=page]:bg-accent-soft aria-[current=page]:font-medium aria-[current=page]:text-accent"
    >
      <item.icon size={16} aria-hidden />
      {!bare && <span className="flex-1">{label} </span>}
      {badge > 0 && (
        <span className="rounded-full bg-warn px-1.5 text-meta font-semibold text-bg">{badge}</span>
      )}
    </Link>
  );
}

export function Rail({ approvals }: { approvals: number }) {
  const folded = useShell((state) => state.folded);
  return (
    <nav
      aria-label={t('nav.label')}
      className={cx(
        'hidden shrink-0 flex-col gap-4 overflow-y-auto border-r border-line bg-surface p-2 md:flex',
        folded ? 'w-14' : 'w-58',
      )}
    >
      {kGroups.map((group) => (
        <div key={group} className={cx('flex flex-col gap-0.5', group === 'end' && 'mt-auto')}>
          {group !== 'end' && !folded && (
            <p className="px-2.5 pb-1 text-meta font-medium tracking-wide text-text-3 uppercase">
              {t(`nav.group.${group}`)}
            </p>
          )}
          {kNav
            .filter((item) => item.group === group)
            .map((item) => (
              <RailLink
                key={item.id}
                item={item}
                bare={folded}
                badge={item.id === 'approvals' ? approvals : 0}
              />
            ))}
        </div>
      ))}
    </nav>
  );
}

// Under 768 px: the pages a thumb needs most; the palette has the others.
export function BottomBar({ approvals }: { approvals: number }) {
  return (
    <nav aria-label={t('nav.label')} className="flex shrink-0 border-t border-line bg-surface md:hidden">
      {kNav
        .filter((item) => kNarrow.includes(item.id))
        .map((item) => (
          <Link
            key={item.id}
            to={item.to as '/'}
            activeOptions={{ exact: item.to === '/' }}
            className={kThumb}
          >
            <item.icon size={18} aria-hidden />
            {t(`nav.${item.id}`)}
            {item.id === 'approvals' && approvals > 0 && <span className="sr-only">{approvals}</span>}
          </Link>
        ))}
      <button type="button" className={kThumb} onClick={() => useShell.setState({ open: 'palette' })}>
        <Ellipsis size={18} aria-hidden />
        {t('nav.more')}
      </button>
    </nav>
  );
}
