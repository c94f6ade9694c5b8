/** The three measures of a head: their names, their numbers in words, and how strongly each is shown. */
import type { CSSProperties } from 'react';
import type { HeadReport } from '../../engine/types';
import { percent } from '../format';

export type MeasureName = 'recall' | 'outputError' | 'density';

export interface Measure {
  name: MeasureName;
  label: string;
  /** What a strong colour means. */
  legend: string;
  words: (value: number) => string;
  /** 0..1 */
  strength: (value: number) => number;
}

/** The one that every run tells of itself. */
export const densityMeasure: Measure = {
  name: 'density',
  label: 'Tiles computed',
  legend: 'Stronger: more of the causal tiles are computed.',
  words: percent,
  strength: (value) => Math.min(1, value),
};

export const measures: readonly Measure[] = [
  {
    name: 'recall',
    label: 'Attention kept',
    legend: 'Stronger: more of dense attention is left out.',
    words: (value) => (value < 1 && value >= 0.9995 ? 'above 99.9%' : percent3(value)),
    // Losses of a few percent matter: the root sets them apart, and a quarter is full strength.
    strength: (value) => Math.min(1, 2 * Math.sqrt(Math.max(0, 1 - value))),
  },
  {
    name: 'outputError',
    label: 'Output error',
    legend: 'Stronger: the output is further from dense attention’s.',
    words: (value) => (value > 0 && value < 0.0005 ? 'below 0.1%' : percent3(value)),
    strength: (value) => Math.min(1, Math.sqrt(2 * value)),
  },
  densityMeasure,
];

function percent3(value: number): string {
  return `${new Intl.NumberFormat('en', { maximumFractionDigits: 1 }).format(value * 100)}%`;
}

/** For a cell whose colour the style sheet mixes from its strength. */
export function strengthStyle(measure: Measure, value: number): CSSProperties {
  // A property of our own, which React's types do not know.
  return { '--strength': `${Math.round(measure.strength(value) * 100)}%` } as CSSProperties;
}

export const gridLegend = 'Layers down, query heads across, both counted from 0.';

export interface HeadPlace {
  layer: number;
  head: number;
}

export interface HeadRow {
  layer: number;
  cells: { head: number; value: number }[];
}

/** One measure's values with the layer and head that they belong to. */
export function rowsOf(report: HeadReport, name: MeasureName): HeadRow[] {
  return report[name].map((values, layer) => ({
    layer,
    cells: values.map((value, head) => ({ head, value })),
  }));
}

/** Counted from 0, as MInference's files, messages and the command line do. */
export function headName({ layer, head }: HeadPlace): string {
  return `Layer ${layer}, head ${head}`;
}

/** Layer 3, head 2: attention kept 95.1%, output error 3.2%, tiles computed 41%. */
export function headWords(report: HeadReport, place: HeadPlace): string {
  const figures = measures.map(({ name, label, words }) => {
    const value = report[name][place.layer]?.[place.head];
    return `${label.toLowerCase()} ${value === undefined ? 'unknown' : words(value)}`;
  });
  return `${headName(place)}: ${figures.join(', ')}`;
}

/** Where an arrow or Home and End lead in the grid, or null for other keys. */
export function moved(
  place: HeadPlace,
  key: string,
  report: Pick<HeadReport, 'layers' | 'heads'>,
): HeadPlace | null {
  const steps: Record<string, HeadPlace> = {
    ArrowLeft: { layer: place.layer, head: place.head - 1 },
    ArrowRight: { layer: place.layer, head: place.head + 1 },
    ArrowUp: { layer: place.layer - 1, head: place.head },
    ArrowDown: { layer: place.layer + 1, head: place.head },
    Home: { layer: place.layer, head: 0 },
    End: { layer: place.layer, head: report.heads - 1 },
  };
  const to = steps[key];
  if (!to) return null;
  return {
    layer: Math.min(report.layers - 1, Math.max(0, to.layer)),
    head: Math.min(report.heads - 1, Math.max(0, to.head)),
  };
}
