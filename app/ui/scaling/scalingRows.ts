/** A list of lengths as rows: what was measured, and what dense is projected to take where it was left out. */
import { breakEven, predict } from '../../exports/growth';
import { expectedDense, fitsOf, type ScalingPoint, type ScalingResult } from '../../state/scaling';
import { scalingTexts as words } from './scalingTexts';

export interface ScalingRow {
  tokens: number;
  /** ms; projected where dense was not run, null where that is not known. */
  dense: number | null;
  projected: boolean;
  sparse: number;
  density: number;
}

export function rowsOf({ points }: Pick<ScalingResult, 'points'>): ScalingRow[] {
  return points.map(({ tokens, dense, sparse }, at) => ({
    tokens,
    dense: dense?.ttftMs ?? expectedDense(points.slice(0, at), tokens),
    projected: dense === null,
    sparse: sparse.ttftMs,
    density: sparse.density,
  }));
}

const skippedNothing = ({ sparse }: ScalingPoint): boolean => sparse.note !== undefined;

/** Where sparse begins to pay, as a sentence; empty where the points say nothing. */
export function breakEvenSentence(result: Pick<ScalingResult, 'points'>): string {
  const { points } = result;
  if (points.length > 0 && points.every(skippedNothing)) return words.even.same;
  const { dense, sparse } = fitsOf(result);
  const [first, last] = [points[0]?.tokens, points.at(-1)?.tokens];
  if (!dense || !sparse || first === undefined || last === undefined) return '';
  const even = breakEven(dense, sparse, first, last);
  return even.kind === 'from' ? words.even.from(even.tokens) : words.even[even.kind];
}

/** A fit as points of a line, evenly spaced on a logarithmic axis. */
export function lineOf(
  fit: Parameters<typeof predict>[0],
  from: number,
  to: number,
): { tokens: number; seconds: number }[] {
  const steps = 24;
  return Array.from({ length: steps + 1 }, (_, at) => {
    const tokens = from * (to / from) ** (at / steps);
    return { tokens, seconds: predict(fit, tokens) / 1000 };
  });
}

const columns = ['tokens', 'dense_ms', 'dense_projected', 'sparse_ms', 'density', 'ratio'] as const;

/** One line a length; numbers as they are, so that a spreadsheet can go on. */
export function scalingCsv(result: ScalingResult): string {
  const lines = rowsOf(result).map(({ tokens, dense, projected, sparse, density }) =>
    [tokens, dense ?? '', projected, sparse, density, dense === null ? '' : dense / sparse].join(','),
  );
  return `${columns.join(',')}\r\n${lines.join('\r\n')}\r\n`;
}
