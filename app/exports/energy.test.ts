import { expect, it } from 'vitest';
import { energyOf } from './energy';

it('is time by power, and grams by the grid', () => {
  // 300 W over 1.2 s are 0.1 Wh; at 400 g/kWh that is 0.04 g.
  const run = { ttftMs: 1_200, decodeMs: 1_200 };
  const energy = energyOf(run, { watts: 300, gridIntensity: 400 });
  expect(energy?.firstToken.wattHours).toBeCloseTo(0.1, 12);
  expect(energy?.firstToken.grams).toBeCloseTo(0.04, 12);
  expect(energy?.whole.wattHours).toBeCloseTo(0.2, 12);
});

it('is not guessed: no watts, no energy; no grid, no grams', () => {
  const run = { ttftMs: 1_000, decodeMs: 0 };
  expect(energyOf(run, { watts: null, gridIntensity: 400 })).toBeNull();
  expect(energyOf(run, { watts: 100, gridIntensity: null })?.firstToken.grams).toBeNull();
});
