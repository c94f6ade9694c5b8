/** A prefill result as charts. */
import * as Plot from '@observablehq/plot';
import { phaseOrder } from '../../engine/bench/report';
import type { PrefillBenchResult } from '../../engine/bench/types';
import { patternLabel } from '../../state/patterns';
import { count, duration } from '../format';
import { phaseKinds } from '../phases';
import { shared, type ChartSpec } from './chartSpec';

/** Dense first, then sparse patterns, apart from each other in lightness as well. */
const sparseColours = ['var(--sparse)', 'var(--sparse-mid)', 'var(--ink-soft)', 'var(--line-strong)'];

function nameOf(pattern: string): string {
  return pattern === 'dense' ? 'Dense' : patternLabel(pattern as 'dense');
}

function powers(tokens: readonly number[]): number[] {
  return [...new Set(tokens)].toSorted((a, b) => a - b);
}

/** Time to first token by prompt length, both logarithmic: dense is the steeper line. */
export function firstTokenChart({ measurements }: PrefillBenchResult, width: number): ChartSpec {
  const names = [...new Set(measurements.map(({ pattern }) => pattern))];
  const sparse = names.filter((name) => name !== 'dense');
  const colour = (pattern: string): string =>
    pattern === 'dense'
      ? 'var(--dense)'
      : (sparseColours[sparse.indexOf(pattern as never) % sparseColours.length] ?? 'var(--ink)');
  const points = measurements.map(({ tokens, pattern, ttftMs }) => ({
    tokens,
    name: nameOf(pattern),
    seconds: ttftMs / 1000,
    title: `${nameOf(pattern)}, ${count(tokens)} tokens: ${duration(ttftMs)}`,
  }));
  return {
    title: 'Time to first token by prompt length',
    description: `Both axes are logarithmic. ${points.map(({ title }) => title).join('; ')}.`,
    options: {
      ...shared(width),
      height: Math.min(460, Math.max(300, width * 0.5)),
      marginLeft: 64,
      marginRight: 44,
      marginBottom: 44,
      x: {
        type: 'log',
        base: 2,
        label: 'Prompt tokens',
        ticks: powers(points.map(({ tokens }) => tokens)),
        tickFormat: (tokens: number) => count(tokens),
      },
      y: {
        type: 'log',
        label: 'Time to first token, seconds',
        grid: true,
        ticks: 5,
        tickFormat: (seconds: number) => String(Number(seconds.toPrecision(1))),
      },
      color: { domain: names.map(nameOf), range: names.map(colour) },
      symbol: { domain: names.map(nameOf), legend: true },
      marks: [
        Plot.lineY(points, { x: 'tokens', y: 'seconds', stroke: 'name', strokeWidth: 2 }),
        Plot.dot(points, {
          x: 'tokens',
          y: 'seconds',
          stroke: 'name',
          symbol: 'name',
          fill: 'var(--paper)',
          r: 4,
          strokeWidth: 2,
          title: 'title',
        }),
      ],
    },
  };
}

/** By dense and sparse: what both do alike is grey, as in the playground's own bars. */
export const phaseFill: Record<string, [dense: string, sparse: string]> = {
  attention: ['var(--dense)', 'var(--sparse)'],
  estimate: ['var(--dense-mid)', 'var(--sparse-mid)'],
  index: ['var(--dense-soft)', 'var(--sparse-soft)'],
  projections: ['var(--phase-projections)', 'var(--phase-projections)'],
  mlp: ['var(--phase-mlp)', 'var(--phase-mlp)'],
  head: ['var(--phase-head)', 'var(--phase-head)'],
};

/** GPU time by phase as shares of the slowest run of the same length; null without timestamp queries. */
export function phaseChart({ measurements }: PrefillBenchResult, width: number): ChartSpec | null {
  const timed = measurements.filter(({ phasesMs }) => phasesMs !== null);
  if (timed.length === 0) return null;
  const total = (tokens: number): number =>
    Math.max(...timed.filter((run) => run.tokens === tokens).map(({ prefillMs }) => prefillMs));
  const segments = timed.flatMap(({ tokens, pattern, phasesMs }) =>
    phaseOrder.map((phase) => {
      const ms = phasesMs?.[phase] ?? 0;
      const label = phaseKinds.find(({ name }) => name === phase)?.label ?? phase;
      return {
        length: count(tokens),
        name: nameOf(pattern),
        share: (100 * ms) / total(tokens),
        fill: phaseFill[phase]?.[pattern === 'dense' ? 0 : 1] ?? 'var(--ink)',
        title: `${nameOf(pattern)}, ${count(tokens)} tokens, ${label}: ${duration(ms)}`,
      };
    }),
  );
  const lengths = powers(timed.map(({ tokens }) => tokens));
  return {
    title: 'Where the GPU time went',
    description:
      'Phases of each run, stacked, in percent of the slowest run of the same length; in the table below in full.',
    options: {
      ...shared(width),
      height: 70 + timed.length * 26 + lengths.length * 14,
      marginLeft: 120,
      marginRight: 72,
      marginBottom: 44,
      x: { label: 'Percent of the slowest run of the same length', domain: [0, 100], grid: true },
      y: { label: null, domain: [...new Set(timed.map(({ pattern }) => nameOf(pattern)))] },
      fy: { label: 'Tokens', domain: lengths.map(count) },
      color: { type: 'identity' },
      marks: [
        Plot.barX(segments, {
          x: 'share',
          y: 'name',
          fy: 'length',
          fill: 'fill',
          stroke: 'var(--surface)',
          strokeWidth: 0.5,
          title: 'title',
        }),
      ],
    },
  };
}
