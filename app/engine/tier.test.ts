import { describe, expect, test } from 'vitest';
import type { Tier } from '../gpu/capabilities';
import type { Trial } from './calibration';
import { better } from './tier';

interface Device {
  tier: Tier;
  takeFailure: () => null;
}

const plain: Device = { tier: 'f16-subgroups', takeFailure: () => null };
const rival: Device = { tier: 'subgroup-matrix', takeFailure: () => null };
const right = Float64Array.of(1, -2, 3);

function chosen(tried: Trial | Error, expected: Trial = { ms: 10, out: right }): Promise<Tier> {
  return better(plain, rival, (device) => {
    if (device === plain) return Promise.resolve(expected);
    return tried instanceof Error ? Promise.reject(tried) : Promise.resolve(tried);
  });
}

describe('kernels of an experimental feature', () => {
  test('are taken where they gain more than a twentieth and compute the same', async () => {
    expect(await chosen({ ms: 5, out: right })).toBe('subgroup-matrix');
    expect(await chosen({ ms: 5, out: Float64Array.of(1.01, -2, 2.99) })).toBe('subgroup-matrix');
  });

  test('are left where they are slower, or faster by less than that', async () => {
    expect(await chosen({ ms: 11, out: right })).toBe('f16-subgroups');
    expect(await chosen({ ms: 9.7, out: right })).toBe('f16-subgroups');
  });

  test('are left where what they compute is wrong, however fast', async () => {
    expect(await chosen({ ms: 1, out: Float64Array.of(1, -2, 0) })).toBe('f16-subgroups');
    expect(await chosen({ ms: 1, out: Float64Array.of(1, NaN, 3) })).toBe('f16-subgroups');
    expect(await chosen({ ms: 1, out: right.slice(1) })).toBe('f16-subgroups');
  });

  test('are left where they fail', async () => {
    expect(await chosen(new Error('no such shape'))).toBe('f16-subgroups');
  });

  test('are never taken for being as wrong as the others', async () => {
    const zeros = new Float64Array(3);
    expect(await chosen({ ms: 1, out: zeros }, { ms: 10, out: zeros })).toBe('f16-subgroups');
  });
});
