import { expect, it } from 'vitest';
import { heatStripSvg } from './heatStripSvg';

const picture = {
  title: 'Read at the end: 24 tokens, <model>',
  notes: ['Stronger: more.', 'word '.repeat(60).trim()],
  values: [0, 0.25, 1],
  most: 1,
  fact: 0.4,
  tokens: 24,
};

it('draws a cell a passage in the strength of its value, and breaks long notes', () => {
  const svg = heatStripSvg(picture);
  const strengths = [...svg.matchAll(/height="56" fill="var\(--sparse\)" fill-opacity="([\d.]+)"/g)];
  expect(strengths.map(([, opacity]) => Number(opacity))).toEqual([0, 0.5, 1]);
  expect(svg).toContain('planted fact');
  expect(svg).toContain('&lt;model&gt;');
  expect(svg.match(/word word/g)?.length).toBeGreaterThan(1);
  const lines = [...svg.matchAll(/>((?:word ?)+)</g)].map(([, line]) => line ?? '');
  expect(lines).toHaveLength(3);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(130);
});

it('marks no fact where none is known', () => {
  expect(heatStripSvg({ ...picture, fact: null })).not.toContain('planted fact');
});
