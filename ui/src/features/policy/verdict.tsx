// SPDX-License-Identifier: MIT
import { t } from '@/i18n';
import { Chip, type Tone } from '@/ui/status';
import type { Verdict as Word } from './queries';

const kShown: Record<string, [shape: string, tone: Tone]> = {
  allow: ['✓', 'ok'],
  ask: ['?', 'warn'],
  deny: ['⊘', 'bad'],
};

export function Verdict({ is, bare }: { is: Word | string; bare?: boolean }) {
  const [shape, tone] = kShown[is] ?? ['△', 'idle'];
  return <Chip tone={tone} shape={shape} text={t(`policy.verdict.${is}`)} bare={bare} />;
}

// A place in the file, as a way there.
export function LineLink({
  line,
  onGo,
}: {
  line: number | null | undefined;
  onGo?: ((line: number) => void) | undefined;
}) {
  if (!line) return null;
  if (!onGo) return <span className="font-mono text-label text-text-3">{line}</span>;
  return (
    <button
      type="button"
      className="min-h-6 min-w-6 rounded-control text-right font-mono text-label text-text-3 underline decoration-line underline-offset-2 hover:text-text"
      title={t('policy.goto', { line })}
      aria-label={t('policy.goto', { line })}
      onClick={() => onGo(line)}
    >
      {line}
    </button>
  );
}
