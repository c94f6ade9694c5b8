import { expect, it } from 'vitest';
import { gpuResult, projectedRun, softwareRun } from '../../storage/fixtures';
import { barsOf, projectedBarsOf } from '../bars';
import { escaped, timeBarsSvg } from './timeBarsSvg';

/** Widths of the bars of one lane, found by the titles that they carry. */
function widths(svg: string): number[] {
  return [...svg.matchAll(/width="([\d.]+)" height="28"/g)].map(([, width]) => Number(width));
}

it('draws each phase as long as it took, on one scale', () => {
  const svg = timeBarsSvg({ title: 'Times', notes: ['Example GPU'], bars: barsOf(gpuResult) });
  const drawn = widths(svg);
  const room = 880 - 2 * 24 - 150 - 96;
  // Dense has no estimate and no index; sparse has all six; both have a rest of wall time.
  expect(drawn).toHaveLength(5 + 7);
  const sum = (some: number[]): number => some.reduce((total, width) => total + width, 0);
  expect(sum(drawn.slice(0, 5))).toBeCloseTo(room, 0);
  expect(sum(drawn.slice(5))).toBeCloseTo(room / 3, 0);
  expect(drawn[0]).toBeCloseTo((room * 1_480) / 1_800, 1);
  expect(svg).toContain('Example GPU');
  expect(svg).toContain('Rest of wall time');
});

it('draws one bar and no legend where no phases are known', () => {
  const svg = timeBarsSvg({ title: 'Times', notes: [], bars: barsOf(softwareRun.result) });
  expect(widths(svg)).toHaveLength(1);
  expect(svg).not.toContain('Projections');
});

it('lets no name break out of the picture', () => {
  const svg = timeBarsSvg({ title: '<script>&"\u0000', notes: [], bars: [] });
  expect(svg).not.toContain('<script>');
  expect(escaped('a<b>&"\u0001')).toBe('a&lt;b&gt;&amp;&quot;');
});

it('hatches and names what was projected, on the scale of what was measured', () => {
  const { result } = projectedRun;
  const svg = timeBarsSvg({
    title: 'Times',
    notes: [],
    bars: barsOf(result),
    projected: projectedBarsOf(result),
  });
  const [dense = 0, ...sparse] = widths(svg);
  expect(sparse.reduce((sum, width) => sum + width, 0)).toBeCloseTo(dense / 4, 0);
  expect(svg).toContain('stroke-dasharray');
  expect(svg).toContain('>projected</text>');
});
