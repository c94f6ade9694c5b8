/** Times by layer as numbers and as a chart: attention with all that it needs, and the rest, which both lanes do alike. */
import * as Plot from '@observablehq/plot';
import type { Phases } from '../../engine/types';
import { laneOf, type Bar } from '../bars';
import { shared, type ChartSpec } from '../bench/chartSpec';
import { duration } from '../format';
import { texts } from '../texts';

export interface LayerTime {
  /** From 0. */
  layer: number;
  /** Attention, estimate and index, ms. */
  attention: number;
  /** Projections and MLP, ms. */
  rest: number;
}

export function layerTimes(layersMs: readonly Phases[]): LayerTime[] {
  return layersMs.map(({ attention, estimate, index, ...rest }, at) => ({
    layer: at,
    attention: attention + estimate + index,
    rest: Object.values(rest).reduce((sum, ms) => sum + ms, 0),
  }));
}

const { layers: words } = texts;

/** Columns of every layer, one a lane, on one scale. */
export function layerChart(bars: readonly Bar[], title: string, width: number): ChartSpec {
  const parts = bars.flatMap(({ label, run }) =>
    layerTimes(run.layersMs).flatMap(({ layer, attention, rest }) => [
      { label, layer, ms: rest, fill: 'var(--phase-mlp)', what: words.rest },
      { label, layer, ms: attention, fill: `var(--${laneOf(run)})`, what: words.attention },
    ]),
  );
  const most = bars.map(({ label, run }) => {
    const slowest = layerTimes(run.layersMs).toSorted(
      (a, b) => b.attention + b.rest - a.attention - a.rest,
    )[0];
    return slowest
      ? words.slowest(
          label,
          slowest.layer,
          duration(slowest.attention + slowest.rest),
          duration(slowest.attention),
        )
      : '';
  });
  return {
    title,
    description: most.join(' '),
    options: {
      ...shared(width),
      height: 220,
      marginLeft: 56,
      marginBottom: 40,
      fx: { label: words.layer, padding: 0.2 },
      x: { axis: null, domain: bars.map(({ label }) => label), padding: 0.1 },
      y: { label: words.axis, grid: true, ticks: 4 },
      marks: [
        Plot.barY(parts, {
          fx: 'layer',
          x: 'label',
          y: 'ms',
          fill: 'fill',
          title: ({ label, layer, ms, what }: (typeof parts)[number]) =>
            `${label}, ${words.layer.toLowerCase()} ${layer}: ${what} ${duration(ms)}`,
        }),
        Plot.ruleY([0], { stroke: 'var(--line-strong)' }),
      ],
    },
  };
}
