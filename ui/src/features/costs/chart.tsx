// SPDX-License-Identifier: MIT
// Bars of the groups. The canvas says nothing to a screen reader: the sentence above it and the table below do.
import { useEffect, useMemo, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { t } from '@/i18n';
import { money, tokens } from '@/lib/format';
import { useTheme } from '@/lib/preferences';
import type { Group } from './queries';
import { dollars, kDrawn } from './sums';

const kHeight = 200;

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

const short = (label: string, most = 20) => (label.length > most ? `…${label.slice(1 - most)}` : label);

function optionsFor(labels: string[], width: number, byTokens: boolean): uPlot.Options {
  const ink = colour('--text-3');
  const line = colour('--line');
  const bars = uPlot.paths.bars?.({ size: [0.7, 56], radius: 0.08 });
  const say = (value: number) =>
    byTokens ? tokens(value) : money({ amount: value.toString(), currency: 'USD' });
  return {
    width,
    height: kHeight,
    legend: { show: false },
    cursor: { points: { show: false }, drag: { x: false, y: false } },
    scales: {
      x: { time: false, range: [-0.6, Math.max(labels.length, 4) - 0.4] },
      y: { range: (_, __, high) => [0, high > 0 ? high * 1.08 : 1] },
    },
    axes: [
      {
        stroke: ink,
        font: '11px system-ui, sans-serif',
        grid: { show: false },
        ticks: { show: false },
        size: 26,
        gap: 6,
        splits: () => labels.map((_, index) => index),
        values: (_, at) => {
          const every = Math.ceil(labels.length / Math.max(1, Math.floor(width / 110)));
          return at.map((index) => (index % every === 0 ? short(labels[index] ?? '') : ''));
        },
      },
      {
        stroke: ink,
        size: 72,
        font: '11px system-ui, sans-serif',
        grid: { stroke: line, width: 1 },
        ticks: { show: false },
        values: (_, at) => at.map((value) => (value === 0 ? '' : say(value))),
      },
    ],
    series: [
      {},
      {
        fill: colour(byTokens ? '--series-3' : '--series-1'),
        width: 0,
        points: { show: false },
        ...(bars ? { paths: bars } : {}),
      },
    ],
  };
}

export function CostChart({
  groups,
  nameOf,
  summary,
}: {
  groups: Group[];
  nameOf: (key: string) => string;
  summary: string;
}) {
  const place = useRef<HTMLDivElement>(null);
  const theme = useTheme((state) => state.theme);
  const shown = useMemo(() => groups.slice(0, kDrawn), [groups]);
  // With nothing priced, money says nothing; tokens do.
  const byTokens = shown.every((group) => dollars(group) === 0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are read anew with each theme
  useEffect(() => {
    const parent = place.current;
    if (!parent || parent.clientWidth === 0) return;
    const labels = shown.map((group) => nameOf(group.key));
    const values = shown.map((group) =>
      byTokens ? group.usage.input_tokens + group.usage.output_tokens : dollars(group),
    );
    const chart = new uPlot(
      optionsFor(labels, parent.clientWidth, byTokens),
      [shown.map((_, index) => index), values],
      parent,
    );
    const observer = new ResizeObserver(() => chart.setSize({ width: parent.clientWidth, height: kHeight }));
    observer.observe(parent);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [shown, nameOf, byTokens, theme]);
  return (
    <figure className="rounded-card border border-line bg-surface p-3">
      <figcaption className="pb-2 text-dense text-text-2">
        {summary} {t('costs.chart.table')}
      </figcaption>
      <div ref={place} aria-hidden style={{ height: kHeight }} />
    </figure>
  );
}
