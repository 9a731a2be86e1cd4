// SPDX-License-Identifier: MIT
import { Link } from '@tanstack/react-router';
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { t } from '@/i18n';
import { absolute, count } from '@/lib/format';
import { IconButton } from '@/ui/button';
import { Facts } from '@/ui/page';
import { Outcome } from './columns';
import { lineOf } from './line';
import { ProofOf } from './proof';
import type { Entry } from './queries';

const kLink = 'font-mono text-label break-all text-accent underline';

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="border-t border-line px-4 py-3">
      <h3 className="pb-1.5 text-label font-semibold text-text-3">{title}</h3>
      {children}
    </section>
  );
}

function Json({ value, label }: { value: object; label: string }) {
  return (
    <pre
      // It may scroll, so the keyboard has to reach it.
      tabIndex={0}
      role="group"
      aria-label={label}
      className="max-h-72 overflow-auto rounded-control bg-sunken p-2 font-mono text-label break-words whitespace-pre-wrap"
    >
      {JSON.stringify(value, null, 2)}
    </pre>
  );
}

export function EntryDetails({ entry, onClose }: { entry: Entry; onClose: () => void }) {
  const facts: [string, ReactNode][] = [
    [t('audit.fact.time'), absolute(entry.at)],
    [t('audit.fact.actor'), entry.actor || '–'],
    [
      t('audit.fact.action'),
      <Link key="action" to="/audit" search={{ action: entry.kind }} className={kLink}>
        {entry.kind}
      </Link>,
    ],
    [
      t('audit.fact.object'),
      <Link key="object" to="/audit" search={{ object: entry.subject }} className={kLink}>
        {entry.subject}
      </Link>,
    ],
    [t('audit.fact.outcome'), <Outcome key="outcome" entry={entry} />],
  ];
  if (entry.session_id)
    facts.push([
      t('audit.fact.session'),
      <Link
        key="session"
        to="/chat/$session"
        params={{ session: entry.session_id }}
        search={{ turn: entry.turn_id ?? undefined, step: entry.step_id ?? undefined }}
        className={kLink}
      >
        {entry.session_id}
      </Link>,
    ]);
  if (entry.turn_id)
    facts.push([
      t('audit.fact.turn'),
      <Link key="turn" to="/trace/$turn" params={{ turn: entry.turn_id }} className={kLink}>
        {entry.turn_id}
      </Link>,
    ]);
  if (entry.step_id)
    facts.push([
      t('audit.fact.step'),
      <code key="step" className="text-label break-all select-all">
        {entry.step_id}
      </code>,
    ]);
  facts.push([
    t('audit.fact.hash'),
    <code key="hash" className="text-label break-all select-all">
      {entry.hash}
    </code>,
  ]);
  const line = lineOf(entry);
  return (
    <div>
      <header className="sticky top-0 z-10 flex items-start gap-2 border-b border-line bg-surface px-4 py-3">
        <div className="min-w-0 flex-1">
          <h2 className="text-body font-semibold">{t('audit.entry', { index: `#${count(entry.index)}` })}</h2>
          <p className="truncate font-mono text-label text-text-2" title={line}>
            {line}
          </p>
        </div>
        <IconButton small icon={X} label={t('audit.details.close')} keys="\" onClick={onClose} />
      </header>
      <div className="px-4 py-3">
        <Facts facts={facts} />
      </div>
      {Object.keys(entry.detail as object).length > 0 && (
        <Section title={t('audit.detail')}>
          <Json value={entry.detail as object} label={t('audit.detail')} />
        </Section>
      )}
      {(entry.personal || entry.erased) && (
        <Section title={t('audit.personal')}>
          {entry.erased ? (
            <p className="text-dense text-text-2">{t('audit.personal.erased')}</p>
          ) : (
            <Json value={entry.personal as object} label={t('audit.personal')} />
          )}
          <p className="pt-1.5 text-label text-text-3">{t('audit.personal.hint')}</p>
        </Section>
      )}
      <Section title={t('audit.proof.title')}>
        <ProofOf key={entry.index} entry={entry} />
      </Section>
    </div>
  );
}
