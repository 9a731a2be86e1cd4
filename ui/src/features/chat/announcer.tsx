// SPDX-License-Identifier: MIT
// What a screen reader hears: complete sentences, at most every three seconds, and that the answer is finished. Off on request.
import { useEffect, useRef, useState } from 'react';
import { t } from '@/i18n';
import { useLiveTurn } from './live';
import { sentenceEnd, spoken } from './sentences';

const kPauseMs = 3000;

function Announcing({ turn, onSay }: { turn: string; onSay: (text: string) => void }) {
  const { steps } = useLiveTurn(turn);
  const text = steps.map((step) => step.text.text).join('\n\n');
  const latest = useRef(text);
  latest.current = text;
  const said = useRef(0);
  useEffect(() => {
    // What was there before one came is no news.
    said.current = latest.current.length;
    const timer = setInterval(() => {
      const end = sentenceEnd(latest.current, said.current);
      if (end === said.current) return;
      onSay(spoken(latest.current.slice(said.current, end)));
      said.current = end;
    }, kPauseMs);
    return () => {
      clearInterval(timer);
      const rest = spoken(latest.current.slice(said.current));
      onSay([rest, t('chat.finished')].filter(Boolean).join(' '));
    };
  }, [onSay]);
  return null;
}

export function Announcer({ turn, on }: { turn: string | undefined; on: boolean }) {
  const [text, setText] = useState('');
  return (
    <>
      <div aria-live="polite" className="sr-only" data-testid="announcer">
        {text}
      </div>
      {on && turn && <Announcing key={turn} turn={turn} onSay={setText} />}
    </>
  );
}
