import { expect, it } from 'vitest';
import { tierIn, workerName } from './tier';

it('a tier travels in the name of a worker', () => {
  expect(workerName('engine', '?cli&tier=f16')).toBe('engine f16');
  expect(tierIn(workerName('engine', '?tier=subgroup-matrix'))).toBe('subgroup-matrix');
  expect(workerName('engine', '?cli')).toBe('engine');
  expect(tierIn('engine')).toBeUndefined();
  expect(tierIn(workerName('engine', '?tier=fastest'))).toBeUndefined();
});
