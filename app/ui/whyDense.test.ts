import { expect, it } from 'vitest';
import { whyDense } from './whyDense';

const run = {
  pattern: 'adaptive',
  denseHeads: 3,
  settings: { fallback: 'auto' } as Record<string, string | number>,
} as const;

it('says why heads were dense, where some were', () => {
  const most = 'would have computed more than 70% of their tiles';
  expect(whyDense([{ ...run, pattern: 'dense' }, run])).toBe(`Heads run dense ${most}.`);
  const byHead = { ...run, pattern: 'minference' } as const;
  const first = 'lie below the first sparse layer';
  expect(whyDense([{ ...byHead, settings: { fallback: 'auto', startingLayer: 2 } }])).toBe(
    `Heads run dense ${first}, or ${most}.`,
  );
  expect(whyDense([{ ...byHead, settings: { fallback: 'off', startingLayer: 2 } }])).toBe(
    `Heads run dense ${first}.`,
  );
  expect(whyDense([{ ...byHead, settings: { fallback: 'auto', startingLayer: -1 } }])).toBe(
    `Heads run dense ${most}.`,
  );
});

it('says nothing where none was, or where a note tells why the whole run was', () => {
  expect(whyDense([{ ...run, denseHeads: 0 }])).toBeNull();
  expect(whyDense([{ ...run, note: 'Dense was used.' }])).toBeNull();
  expect(whyDense([{ ...run, pattern: 'dense' }])).toBeNull();
});
