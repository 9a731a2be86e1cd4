// SPDX-License-Identifier: MIT
import { ChevronsLeftRight, ChevronsRightLeft, Maximize2, StepForward, ZoomIn, ZoomOut } from 'lucide-react';
import { useEffect, useState } from 'react';
import { t } from '@/i18n';
import { duration } from '@/lib/format';
import { Button, IconButton } from '@/ui/button';
import { TextField } from '@/ui/field';
import { kKinds } from './model';
import { usePalette } from './timeline';
import type { useTraceState } from './use-trace-state';

type State = ReturnType<typeof useTraceState>;

function SearchField({ state }: { state: State }) {
  const [text, setText] = useState(state.q);
  useEffect(() => setText(state.q), [state.q]);
  return (
    <div className="flex items-center gap-2">
      <div className="w-56 max-w-full">
        <TextField
          hideLabel
          name="trace-search"
          label={t('trace.search')}
          placeholder={t('trace.search.hint')}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            state.setQuery(event.target.value);
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter') state.nextFound();
            else if (event.key === 'Escape') {
              state.setQuery('');
              event.currentTarget.blur();
            } else return;
            event.preventDefault();
          }}
        />
      </div>
      {state.found && (
        <>
          <span role="status" className="text-label text-text-2">
            {t('trace.found', { count: state.found.size })}
          </span>
          <IconButton
            small
            icon={StepForward}
            label={t('trace.nextFound')}
            keys="n"
            onClick={state.nextFound}
          />
        </>
      )}
    </div>
  );
}

export function Toolbar({ state, failed }: { state: State; failed: number }) {
  const { from, to } = state.view;
  const hasGaps = state.inFull || state.axis.gaps().length > 0;
  return (
    <div className="flex shrink-0 flex-wrap items-center gap-2 pb-2">
      <SearchField state={state} />
      {failed > 0 && (
        <Button
          small
          className="text-bad!"
          keys="e"
          title={t('trace.nextFailure')}
          onClick={state.nextFailed}
        >
          ✕ {t('trace.failures', { count: failed })}
        </Button>
      )}
      <span className="ml-auto" />
      {!state.isTable && (
        <>
          {state.isZoomed && (
            <span className="text-label text-text-2">
              {duration(from)} – {duration(to)}
            </span>
          )}
          {hasGaps && (
            <Button
              small
              kind="quiet"
              keys="z"
              icon={state.inFull ? ChevronsRightLeft : ChevronsLeftRight}
              aria-pressed={state.inFull}
              onClick={state.toggleWaits}
            >
              {t(state.inFull ? 'trace.waits.full' : 'trace.waits.short')}
            </Button>
          )}
          <IconButton small icon={ZoomIn} label={t('trace.zoomIn')} keys="w" onClick={state.zoomIn} />
          <IconButton small icon={ZoomOut} label={t('trace.zoomOut')} keys="s" onClick={state.zoomOut} />
          <IconButton small icon={Maximize2} label={t('trace.fit')} keys="f" onClick={state.fit} />
        </>
      )}
    </div>
  );
}

export function Legend() {
  const palette = usePalette();
  return (
    <ul aria-label={t('trace.legend')} className="flex flex-wrap gap-x-4 gap-y-1 pt-2 text-meta text-text-3">
      {kKinds.map((kind) => (
        <li key={kind} className="flex items-center gap-1.5">
          <span
            aria-hidden
            className="keeps-colours inline-block h-2.5 w-3.5 rounded-[2px]"
            style={
              kind === 'queue' || kind === 'approval'
                ? {
                    background: `repeating-linear-gradient(135deg, ${palette.kinds[kind]} 0 1.5px, transparent 1.5px 4px)`,
                    border: `1px solid ${palette.kinds[kind]}`,
                  }
                : { background: palette.kinds[kind] }
            }
          />
          {t(`trace.kind.${kind}`)}
        </li>
      ))}
    </ul>
  );
}
