/** A kernel result as charts. */
import * as Plot from '@observablehq/plot';
import { sharesOf } from '../../engine/bench/report';
import type { KernelBenchResult } from '../../engine/bench/types';
import { count } from '../format';
import { shared, type ChartSpec } from './chartSpec';

/** Rates by kernel with the ceilings of the same run as lines: arithmetic or bandwidth. null where none has that unit. */
export function rateChart(
  { measurements, ceilings }: KernelBenchResult,
  unit: 'TFLOP/s' | 'GB/s',
  width: number,
): ChartSpec | null {
  const isCeiling = (kernel: string): boolean => kernel === 'copy' || kernel.startsWith('plain product');
  const bars = measurements.flatMap((measured) => {
    const { kernel, shape, tokens, rate } = measured;
    if (rate === null || measured.unit !== unit || isCeiling(kernel)) return [];
    const { f32, copy } = sharesOf(measured, ceilings);
    const share = unit === 'TFLOP/s' ? f32 : copy;
    const name = `${kernel}, ${tokens === null ? shape : count(tokens)}`;
    return [{ name, rate, label: share === null ? '' : `${Math.round(100 * share)}%` }];
  });
  if (bars.length === 0) return null;
  const lines =
    unit === 'GB/s'
      ? [{ name: 'copy', rate: ceilings?.copy ?? null }]
      : [
          { name: 'f32 product', rate: ceilings?.f32 ?? null },
          { name: 'f16 product', rate: ceilings?.f16 ?? null },
        ];
  const known = lines.filter((line) => line.rate !== null);
  const of = unit === 'GB/s' ? 'the copy' : 'the plain f32 product';
  return {
    title: unit === 'GB/s' ? 'Bandwidth by kernel' : 'Arithmetic by kernel',
    description: `${bars.map(({ name, rate, label }) => `${name}: ${rate.toPrecision(3)} ${unit}, ${label} of ${of}`).join('; ')}.`,
    options: {
      ...shared(width),
      height: 80 + bars.length * 26,
      marginLeft: Math.min(280, width * 0.45),
      marginRight: 48,
      marginTop: 32,
      marginBottom: 44,
      x: {
        label: `${unit}; percent of ${of} of the same run`,
        grid: true,
        domain: [0, highest([...bars, ...known])],
      },
      y: { label: null, domain: bars.map(({ name }) => name) },
      marks: [
        Plot.barX(bars, { x: 'rate', y: 'name', fill: 'var(--sparse)' }),
        Plot.text(bars, { x: 'rate', y: 'name', text: 'label', dx: 6, textAnchor: 'start' }),
        Plot.ruleX(known, { x: 'rate', stroke: 'var(--dense)', strokeWidth: 2, strokeDasharray: '4 3' }),
        Plot.text(known, { x: 'rate', text: 'name', frameAnchor: 'top', dy: -14, fill: 'var(--dense)' }),
      ],
    },
  };
}

function highest(values: readonly { rate: number | null }[]): number {
  return values.reduce((most, { rate }) => Math.max(most, rate ?? 0), 0);
}
