/** Both curves on logarithmic axes: measured points, their fits, and dense where it was projected. */
import * as Plot from '@observablehq/plot';
import { fitsOf, type ScalingResult } from '../../state/scaling';
import { patternLabel } from '../../state/patterns';
import { shared, type ChartSpec } from '../bench/chartSpec';
import { count, duration } from '../format';
import { breakEvenSentence, lineOf, rowsOf } from './scalingRows';
import { scalingTexts as words } from './scalingTexts';

export function scalingChart(result: ScalingResult, width: number): ChartSpec {
  const rows = rowsOf(result);
  const sparseName = patternLabel(result.pattern);
  const { dense, sparse } = fitsOf(result);
  const [first = 0, last = 0] = [rows[0]?.tokens, rows.at(-1)?.tokens];
  const lastDense = rows.findLast((row) => !row.projected)?.tokens ?? first;
  const points = rows.flatMap(({ tokens, dense: ms, projected, sparse: sparseMs }) => [
    { tokens, seconds: sparseMs / 1000, name: sparseName, colour: 'var(--sparse)', measured: true },
    ...(ms === null
      ? []
      : [{ tokens, seconds: ms / 1000, name: words.dense, colour: 'var(--dense)', measured: !projected }]),
  ]);
  const title = ({ tokens, seconds, name, measured }: (typeof points)[number]): string =>
    `${name}, ${count(tokens)} tokens: ${duration(seconds * 1000)}${measured ? '' : `, ${words.projected}`}`;
  const line = (fit: typeof dense, from: number, to: number, colour: string, dashed: boolean) =>
    fit && to > from
      ? [
          Plot.lineY(lineOf(fit, from, to), {
            x: 'tokens',
            y: 'seconds',
            stroke: colour,
            strokeWidth: 2,
            ...(dashed && { strokeDasharray: '6 5' }),
          }),
        ]
      : [];
  return {
    title: words.chart,
    description: `${points.map(title).join('; ')}. ${breakEvenSentence(result)}`,
    options: {
      ...shared(width),
      height: Math.min(420, Math.max(280, width * 0.5)),
      marginLeft: 64,
      marginRight: 40,
      marginBottom: 44,
      x: {
        type: 'log',
        base: 2,
        label: words.x,
        ticks: rows.map(({ tokens }) => tokens),
        tickFormat: (tokens: number) => count(tokens),
      },
      y: {
        type: 'log',
        label: words.y,
        grid: true,
        ticks: 5,
        tickFormat: (seconds: number) => String(Number(seconds.toPrecision(1))),
      },
      marks: [
        ...line(dense, first, lastDense, 'var(--dense)', false),
        ...line(dense, lastDense, last, 'var(--dense)', true),
        ...line(sparse, first, last, 'var(--sparse)', false),
        Plot.dot(points, {
          x: 'tokens',
          y: 'seconds',
          stroke: 'colour',
          fill: ({ measured, colour }: (typeof points)[number]) => (measured ? colour : 'var(--paper)'),
          symbol: ({ name }: (typeof points)[number]) => (name === words.dense ? 'circle' : 'square'),
          r: 4.5,
          strokeWidth: 2,
          title,
        }),
        // The lane's name beside its last point: no legend is needed, and none by colour alone.
        Plot.text(
          [sparseName, words.dense].flatMap((name) => points.findLast((point) => point.name === name) ?? []),
          {
            x: 'tokens',
            y: 'seconds',
            text: 'name',
            dy: -12,
            dx: 8,
            textAnchor: 'end',
            fill: 'colour',
            fontWeight: 600,
          },
        ),
      ],
    },
  };
}
