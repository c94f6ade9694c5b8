/** Which tile a matrix product takes: one rule for all of them. */
import type { Gpu } from '../gpu/device';
import type { Kernel, Pipeline } from '../gpu/kernel';

/** A product's pipelines by the side of their tiles, in rows and columns of the product. */
export interface TiledPipelines<Binding extends string> {
  readonly large: Pipeline<Binding>;
  /** Null in tiers that have one tile. */
  readonly small: Pipeline<Binding> | null;
}

export const LARGE_TILE = 128;
export const SMALL_TILE = 64;

/**
 * A product that makes fewer workgroups of the large tile than this takes the small one. A workgroup of the large tile takes half
 * the registers of a processor, and a product is never faster than one workgroup: with fewer of them than a large GPU has
 * processors (an H200: 132), the rest idle. The small tile takes a quarter of the work, at 0.65 to 0.9 of the rate where a
 * GPU is full. On an H200 the two meet at about 100. WebGPU doesn't tell the number of processors; on a GPU that has few of
 * them, this costs a part of what so small a product takes.
 */
export const FEW_WORKGROUPS = 100;

export function hasSmallTile({ flags }: Gpu): boolean {
  return flags.has('f16') && !flags.has('subgroup_matrix');
}

export async function tiledPipelines<Binding extends string>(
  gpu: Gpu,
  kernel: Kernel<Binding>,
): Promise<TiledPipelines<Binding>> {
  const [large, small] = await Promise.all([
    gpu.pipelines.get(kernel),
    hasSmallTile(gpu) ? gpu.pipelines.get(kernel, { with: ['small_tile'] }) : null,
  ]);
  return { large, small };
}

/** Pipeline and workgroups [x, y] of a product whose tiles count `columns` columns: twice its own where it is gated. */
export function chooseTile<Binding extends string>(
  { large, small }: TiledPipelines<Binding>,
  rows: number,
  columns: number,
): { pipeline: Pipeline<Binding>; workgroups: [number, number] } {
  const tiles = (side: number): [number, number] => [Math.ceil(columns / side), Math.ceil(rows / side)];
  const [across, down] = tiles(LARGE_TILE);
  return small && across * down < FEW_WORKGROUPS
    ? { pipeline: small, workgroups: tiles(SMALL_TILE) }
    : { pipeline: large, workgroups: [across, down] };
}
