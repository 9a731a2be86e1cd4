// SPDX-License-Identifier: MIT
// The one approval card, the same wherever a person is asked: risk, who asks, the exact action, what it touches, why it asks, until
// when, and the answers. The safe answer comes first and has the focus; allowing is never the first key a hand falls on.
import { Link } from '@tanstack/react-router';
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import { isInSequence, singleKeysOn } from '@/actions/keys';
import { useSession } from '@/api/queries';
import { addMessages, t } from '@/i18n';
import { cx } from '@/lib/cx';
import { duration, shortId } from '@/lib/format';
import { forgetKept, useKept } from '@/lib/kept';
import { useNow } from '@/lib/use-now';
import { Button } from '@/ui/button';
import { ErrorNote } from '@/ui/states';
import { Risk } from '@/ui/status';
import { AlwaysPanel } from './approval-always';
import { ApprovalCall } from './approval-call';
import { ExplainPanel, useDecision } from './approval-explain';
import { labelsToTell } from './approval-facts';
import { approvalMessages } from './approval-messages';
import { ApprovalOutcome } from './approval-settled';
import { ExactText } from './exact-text';
import { type Answer, type Approval, useApprovalAnswer } from './use-approval-answer';
import { useArmed } from './use-armed';

addMessages(approvalMessages);

// The last step of a decision: nothing matched, so it asks.
const kNothingMatched = 6;
const kSoonMs = 60_000;

// Whoever writes goes on writing: a letter that was meant for a field must not answer a question.
function isWriting(): boolean {
  const at = document.activeElement;
  return at instanceof HTMLElement && (/^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName) || at.isContentEditable);
}

function Asker({ approval }: { approval: Approval }) {
  const session = useSession(approval.session_id);
  return (
    <span className="flex min-w-0 items-center gap-1.5 text-dense text-text-2">
      {session.data && <span className="font-medium text-text">{session.data.agent}</span>}
      <Link
        to="/chat/$session"
        params={{ session: approval.session_id }}
        search={{ turn: approval.turn_id, step: approval.step_id }}
        title={t('card.session', { title: session.data?.title ?? approval.session_id })}
        className="min-w-0 truncate underline decoration-line underline-offset-2 hover:text-text"
      >
        {t('card.in', { session: session.data?.title || shortId(approval.session_id) })}
      </Link>
    </span>
  );
}

function Expiry({ at }: { at: string }) {
  const left = Date.parse(at) - useNow(1000);
  const text =
    left <= 0
      ? t('card.expired')
      : t('card.expires', { left: duration(Math.max(1000, Math.floor(left / 1000) * 1000)) });
  return (
    <time
      dateTime={at}
      className={cx('text-label whitespace-nowrap', left < kSoonMs ? 'font-medium text-warn' : 'text-text-3')}
    >
      {text}
    </time>
  );
}

function Why({ approval }: { approval: Approval }) {
  const decision = useDecision(approval, approval.state === 'pending').data;
  // "No rule matches" is said by the reason already.
  const rule = decision && decision.step < kNothingMatched ? decision.rule : null;
  const read = labelsToTell(approval.labels);
  return (
    <dl className="flex flex-col gap-0.5 text-dense">
      <div className="flex gap-2">
        <dt className="w-24 shrink-0 text-text-3">{t('card.because')}</dt>
        <dd className="min-w-0">
          {approval.reason}
          {rule && (
            <span className="text-text-2">
              {' · '}
              {t('card.rule.decides')} <code className="font-mono text-label">{rule}</code>
              {decision?.line ? ` ${t('card.rule.line', { line: decision.line })}` : ''}
            </span>
          )}
        </dd>
      </div>
      {read.length > 0 && (
        <div className="flex gap-2">
          <dt className="w-24 shrink-0 text-text-3">{t('card.read')}</dt>
          <dd className="min-w-0 text-warn">{read.join(', ')}</dd>
        </div>
      )}
    </dl>
  );
}

function CodeField({
  code,
  value,
  onChange,
  field,
}: {
  code: string;
  value: string;
  onChange: (value: string) => void;
  field: React.RefObject<HTMLInputElement | null>;
}) {
  const id = useId();
  const wrong = value.length >= code.length && value !== code;
  return (
    <div className="flex flex-col gap-1 rounded-control border border-bad bg-bad-soft px-3 py-2">
      <label htmlFor={id} className="text-dense font-medium text-bad">
        {t('card.code.label', { code })}
      </label>
      <input
        id={id}
        ref={field}
        value={value}
        autoComplete="off"
        spellCheck={false}
        aria-invalid={wrong || undefined}
        aria-describedby={`${id}-hint`}
        onChange={(event) => onChange(event.target.value.trim())}
        className="h-8 w-40 rounded-control border border-control bg-surface px-2 font-mono text-dense"
      />
      <p id={`${id}-hint`} className="text-label text-bad">
        {wrong ? t('card.code.wrong') : t('card.code.hint')}
      </p>
    </div>
  );
}

function ReasonPanel({
  id: approval,
  autoFocus,
  busy,
  onSend,
  onCancel,
}: {
  id: string;
  // A person opened it now; one that comes back with its card leaves the focus where it is.
  autoFocus: boolean;
  busy: boolean;
  onSend: (reason: string) => void;
  onCancel: () => void;
}) {
  const [reason, setReason] = useKept(`approval.${approval}.reason`, '');
  const field = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it is opened
  useEffect(() => {
    if (autoFocus) field.current?.focus();
  }, []);
  return (
    <section
      aria-label={t('card.deny.reason')}
      className="flex flex-col gap-2 border-t border-line bg-bg px-4 py-3"
    >
      <label htmlFor={id} className="text-label font-medium text-text-2">
        {t('card.reason.label')}
      </label>
      <textarea
        id={id}
        ref={field}
        rows={2}
        maxLength={2000}
        value={reason}
        placeholder={t('card.reason.placeholder')}
        onChange={(event) => setReason(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
          event.preventDefault();
          if (reason.trim()) onSend(reason.trim());
        }}
        className="w-full rounded-control border border-control bg-surface px-2 py-1.5 text-dense placeholder:text-text-3"
      />
      <div className="flex flex-wrap gap-2">
        <Button onClick={onCancel} keys="escape">
          {t('card.cancel')}
        </Button>
        <Button kind="primary" busy={busy} disabled={!reason.trim()} onClick={() => onSend(reason.trim())}>
          {t('card.reason.send')}
        </Button>
      </div>
    </section>
  );
}

type Panel = 'none' | 'always' | 'reason';

export function ApprovalCard({
  approval: given,
  autoFocus = false,
  beside = '',
  onSettled,
}: {
  approval: Approval;
  autoFocus?: boolean;
  // What it waits with: one more or less, and this card stands elsewhere, maybe where a hand was about to press.
  beside?: string;
  onSettled?: () => void;
}) {
  const { approval, byOther, answer, busy, error } = useApprovalAnswer(given, onSettled);
  // By approval: this card may be made anew while a person writes, or be scrolled away.
  const [panel, setPanel] = useKept<Panel>(`approval.${given.id}.panel`, 'none');
  const [code, setCode] = useKept(`approval.${given.id}.code`, '');
  const isOpener = useRef(false);
  const [explains, setExplains] = useState(false);
  const [whole, setWhole] = useState(false);
  const [armed, rearm] = useArmed(beside);
  const card = useRef<HTMLElement>(null);
  const deny = useRef<HTMLButtonElement>(null);
  const codeField = useRef<HTMLInputElement>(null);
  const pending = approval.state === 'pending';
  const ranOut = Date.parse(approval.expires_at) <= useNow(1000, pending);
  const open = pending && !ranOut;
  const needsCode = open && !approval.shown_whole;
  const held = needsCode && code !== approval.confirm_code;
  const suggested = approval.rule_suggestion;
  const high = approval.risk === 'high';

  useEffect(() => {
    if (!autoFocus || isWriting() || card.current?.contains(document.activeElement)) return;
    deny.current?.focus({ preventScroll: true });
    rearm();
  }, [autoFocus, rearm]);

  useEffect(() => {
    if (!pending) forgetKept(`approval.${given.id}.`);
  }, [pending, given.id]);

  const send = (body: Answer) => {
    if (open && !busy) answer(body);
  };
  const allow = (more: Partial<Answer>) => {
    if (!armed) return;
    if (held) codeField.current?.focus();
    else send({ decision: 'approve', ...(needsCode ? { confirm: code } : {}), ...more });
  };
  const openPanel = (next: Panel) => {
    isOpener.current = true;
    setPanel(next);
  };
  const closePanel = () => {
    setPanel('none');
    deny.current?.focus({ preventScroll: true });
  };
  const commands: Record<string, () => void> = {
    y: () => allow({ scope: 'once' }),
    s: () => suggested && allow({ scope: 'session' }),
    a: () => suggested && openPanel('always'),
    n: () => send({ decision: 'deny' }),
    r: () => openPanel('reason'),
  };
  const looks: Record<string, () => void> = {
    e: () => setExplains((value) => !value),
    d: () => setWhole((value) => !value),
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const inField =
      event.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (event.key === 'Escape' && panel !== 'none') closePanel();
    else if (inField || !singleKeysOn() || event.repeat || isInSequence(event)) return;
    else {
      const command = looks[event.key] ?? (open ? commands[event.key] : undefined);
      if (!command) return;
      command();
    }
    event.preventDefault();
    event.stopPropagation();
  };
  // A habit of pressing Enter must not allow what is dangerous.
  const noEnter = high
    ? { onKeyDown: (event: KeyboardEvent) => event.key === 'Enter' && event.preventDefault() }
    : {};

  return (
    <article
      ref={card}
      tabIndex={-1}
      data-approval={approval.id}
      data-takes-escape={open && panel !== 'none' ? '' : undefined}
      aria-label={t('card.name', { action: approval.rendering })}
      onKeyDown={onKeyDown}
      className={cx(
        'min-w-0 overflow-clip rounded-card border bg-surface',
        open ? (high ? 'border-bad' : 'border-warn') : 'border-line',
      )}
    >
      <header className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 pt-3">
        <Risk level={approval.risk} />
        <code className="font-mono text-label text-text-2">{approval.tool}</code>
        <Asker approval={approval} />
        <span className="ml-auto">{pending && <Expiry at={approval.expires_at} />}</span>
      </header>
      <div className="flex flex-col gap-3 px-4 py-3">
        <ApprovalCall approval={approval} whole={whole} />
        <Why approval={approval} />
        {needsCode && approval.confirm_code && (
          <CodeField code={approval.confirm_code} value={code} onChange={setCode} field={codeField} />
        )}
        {error && <ErrorNote error={error} what={t('card.failed')} />}
      </div>
      <div className="flex flex-wrap items-start gap-x-1 gap-y-1 px-4 pb-2">
        <p className="min-w-64 flex-1 py-1.5 text-label text-text-3">
          {open && suggested && (
            <>
              {t('card.lasting')}{' '}
              <code className="font-mono wrap-anywhere text-text-2">
                <ExactText text={suggested} />
              </code>
            </>
          )}
          {open && !suggested && t('card.lasting.none')}
        </p>
        <span className="flex">
          <Button small kind="quiet" keys="e" aria-expanded={explains} onClick={looks.e}>
            {t('card.explain')} <Key name="E" />
          </Button>
          <Button small kind="quiet" keys="d" aria-pressed={whole} onClick={looks.d}>
            {t('card.expand')} <Key name="D" />
          </Button>
        </span>
      </div>
      {explains && <ExplainPanel approval={approval} />}
      {open ? (
        <>
          {panel === 'always' && suggested && (
            <AlwaysPanel
              approval={approval}
              suggested={suggested}
              autoFocus={isOpener.current}
              busy={busy}
              held={held}
              onCancel={closePanel}
              onSave={({ scope, rule, expires }) => allow({ scope, rule, expires })}
            />
          )}
          {panel === 'reason' && (
            <ReasonPanel
              id={approval.id}
              autoFocus={isOpener.current}
              busy={busy}
              onCancel={closePanel}
              onSend={(reason) => send({ decision: 'deny', reason })}
            />
          )}
          <footer className="flex flex-wrap items-center gap-1.5 border-t border-line px-4 py-2.5">
            <Button ref={deny} keys="n" busy={busy} onClick={() => send({ decision: 'deny' })}>
              {t('card.deny')} <Key name="N" />
            </Button>
            <Button
              kind="quiet"
              className="px-2!"
              keys="r"
              aria-expanded={panel === 'reason'}
              onClick={() => openPanel('reason')}
            >
              {t('card.deny.reason')} <Key name="R" />
            </Button>
            <span className="ml-auto flex flex-wrap justify-end gap-1.5">
              <Button
                kind="quiet"
                className="px-2!"
                keys="a"
                disabled={!suggested}
                aria-expanded={panel === 'always'}
                onClick={() => openPanel(panel === 'always' ? 'none' : 'always')}
              >
                {t('card.always')} <Key name="A" />
              </Button>
              <Button
                keys="s"
                title={suggested ?? t('card.lasting.none')}
                disabled={!suggested || held || !armed}
                busy={busy}
                onClick={() => allow({ scope: 'session' })}
                {...noEnter}
              >
                {t('card.session.allow')} <Key name="S" />
              </Button>
              <Button
                kind={high ? 'plain' : 'primary'}
                keys="y"
                title={high ? t('card.enter') : ''}
                disabled={held || !armed}
                busy={busy}
                onClick={() => allow({ scope: 'once' })}
                {...noEnter}
              >
                {t('card.allow')} <Key name="Y" />
              </Button>
            </span>
          </footer>
        </>
      ) : (
        <ApprovalOutcome
          approval={ranOut && pending ? { ...approval, state: 'expired' } : approval}
          byOther={byOther}
        />
      )}
    </article>
  );
}

function Key({ name }: { name: string }) {
  if (!singleKeysOn()) return null;
  return (
    <kbd
      aria-hidden
      className="rounded-control border border-current px-1 font-mono text-meta leading-4 opacity-70"
    >
      {name}
    </kbd>
  );
}
