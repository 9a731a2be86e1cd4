// SPDX-License-Identifier: MIT
// Status is a shape, a word and a colour, always all three. The words are the daemon's states, put into people's.
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
const kStates: Record<string, [shape: string, word: string, tone: Tone]> = {
  running: ['●', 'running', 'running'],
  active: ['●', 'active', 'running'],
  streaming: ['●', 'running', 'running'],
  completed: ['✓', 'succeeded', 'ok'],
  done: ['✓', 'succeeded', 'ok'],
  ok: ['✓', 'ok', 'ok'],
  approved: ['✓', 'approved', 'ok'],
  failed: ['✕', 'failed', 'bad'],
  error: ['✕', 'failed', 'bad'],
  queued: ['◷', 'queued', 'idle'],
  planned: ['◷', 'planned', 'idle'],
  pending: ['‖', 'waiting for you', 'warn'],
  waiting: ['‖', 'waiting for you', 'warn'],
  waiting_approval: ['‖', 'waiting for you', 'warn'],
  needs_attention: ['‖', 'needs you', 'warn'],
  denied: ['⊘', 'denied', 'bad'],
  expired: ['⊘', 'expired', 'idle'],
  skipped: ['⤼', 'skipped', 'idle'],
  cancelled: ['■', 'cancelled', 'idle'],
  interrupted: ['■', 'interrupted', 'warn'],
  anomaly: ['△', 'anomaly', 'warn'],
  offline: ['○', 'offline', 'idle'],
  idle: ['○', 'idle', 'idle'],
  archived: ['○', 'archived', 'idle'],
  retrying: ['⟳', 'retrying', 'info'],
  unknown: ['△', 'outcome unknown', 'warn'],
};

export function Status({ state, bare }: { state: string; bare?: boolean }) {
  const [shape, word, tone] = kStates[state] ?? ['○', state.replaceAll('_', ' '), 'idle'];
  return <Chip tone={tone} shape={shape} text={word} bare={bare} />;
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
      <span className="rounded-full bg-bad px-2 py-0.5 text-label font-semibold text-on-bad">High risk</span>
    );
  if (level === 'medium') return <Chip tone="warn" text="Medium risk" />;
  if (level === 'low') return <Chip tone="idle" text="Low risk" />;
  return null;
}
