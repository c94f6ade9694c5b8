import { describe, expect, test } from 'vitest';
import type { Pipeline } from '../gpu/kernel';
import { chooseTile, FEW_WORKGROUPS } from './productTiles';

// Told apart by identity only.
const pipeline = (): Pipeline<'a'> => ({}) as Pipeline<'a'>;
const large = pipeline();
const small = pipeline();

describe('chooseTile', () => {
  test('takes the large tile where it makes enough workgroups', () => {
    const { pipeline: chosen, workgroups } = chooseTile({ large, small }, 2048, 896);
    expect(chosen).toBe(large);
    expect(workgroups).toEqual([7, 16]);
  });

  test('takes the small tile where it does not', () => {
    const { pipeline: chosen, workgroups } = chooseTile({ large, small }, 1000, 900);
    expect(chosen).toBe(small);
    expect(workgroups).toEqual([15, 16]);
  });

  test('changes over at the stated number of workgroups', () => {
    const at = (tiles: number): Pipeline<'a'> => chooseTile({ large, small }, 128, 128 * tiles).pipeline;
    expect(at(FEW_WORKGROUPS - 1)).toBe(small);
    expect(at(FEW_WORKGROUPS)).toBe(large);
  });

  test('has the large tile alone in tiers without the small one', () => {
    const { pipeline: chosen, workgroups } = chooseTile({ large, small: null }, 1, 4);
    expect(chosen).toBe(large);
    expect(workgroups).toEqual([1, 1]);
  });
});
