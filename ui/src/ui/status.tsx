// SPDX-License-Identifier: MIT
// Status is a shape, a word and a colour, always all three. The words are the daemon's states, put into people's.
import { t } from '@/i18n';
import { cx } from '@/lib/cx';

export type Tone = 'ok' | 'warn' | 'bad' | 'info' | 'running' | 'idle';

const kTones: Record<Tone, string> = {
  ok: 'text-ok bg-ok-soft',
  warn: 'text-warn bg-warn-soft',
  bad: 'text-bad bg-bad-soft',
  info: 'text-info bg-info-soft',
  running: 'text-running bg-running-soft',
  idle: 'text-text-3 bg-sunken',
};

// Shapes are characters that every system font has: the pause sign of emoji fonts is not among them.
const kStates: Record<string, [shape: string, tone: Tone]> = {
  running: ['●', 'running'],
  active: ['●', 'running'],
  streaming: ['●', 'running'],
  completed: ['✓', 'ok'],
  done: ['✓', 'ok'],
  ok: ['✓', 'ok'],
  approved: ['✓', 'ok'],
  failed: ['✕', 'bad'],
  error: ['✕', 'bad'],
  queued: ['◷', 'idle'],
  planned: ['◷', 'idle'],
  pending: ['‖', 'warn'],
  waiting: ['‖', 'warn'],
  waiting_approval: ['‖', 'warn'],
  needs_attention: ['‖', 'warn'],
  denied: ['⊘', 'bad'],
  expired: ['⊘', 'idle'],
  skipped: ['⤼', 'idle'],
  cancelled: ['■', 'idle'],
  interrupted: ['■', 'warn'],
  anomaly: ['△', 'warn'],
  offline: ['○', 'idle'],
  idle: ['○', 'idle'],
  archived: ['○', 'idle'],
  retrying: ['⟳', 'info'],
  unknown: ['△', 'warn'],
};

export function Status({ state, bare }: { state: string; bare?: boolean }) {
  const known = kStates[state];
  // A state that this page does not know yet is shown as the daemon calls it.
  const [shape, tone] = known ?? ['○', 'idle'];
  return (
    <Chip
      tone={tone}
      shape={shape}
      text={known ? t(`status.${state}`) : state.replaceAll('_', ' ')}
      bare={bare}
    />
  );
}

export function Chip({
  tone,
  shape,
  text,
  bare,
  title,
}: {
  tone: Tone;
  shape?: string;
  text: string;
  bare?: boolean | undefined;
  title?: string;
}) {
  return (
    <span
      title={title}
      className={cx(
        'inline-flex items-center gap-1 rounded-full text-label font-medium whitespace-nowrap',
        kTones[tone],
        bare ? 'bg-transparent!' : 'px-2 py-0.5',
      )}
    >
      {shape && <span aria-hidden>{shape}</span>}
      {text}
    </span>
  );
}

export function Risk({ level }: { level: string | null | undefined }) {
  if (level === 'high')
    return (
      <span className="rounded-full bg-bad px-2 py-0.5 text-label font-semibold text-on-bad">
        {t('risk.high')}
      </span>
    );
  if (level === 'medium') return <Chip tone="warn" text={t('risk.medium')} />;
  if (level === 'low') return <Chip tone="idle" text={t('risk.low')} />;
  return null;
}
