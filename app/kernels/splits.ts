/** Sizes of the split of dense keys, apart from its kernel: the page plans memory with them and must not load the kernels. */

/** Workgroups of `tile_attention` that fill a large GPU; at half of that, splitting no longer pays for joining. */
const wantedGroups = 512;
/** Tiles of a part at least: fewer, and the parts cost more to join than to compute. */
const leastTiles = 4;
/** Row blocks times heads times parts at most, see `splitsFor`. */
const mostBlocks = wantedGroups + wantedGroups / 2;

/**
 * Parts that the keys of `rowBlocks` dense row blocks are split into: enough for a large GPU to be busy with them alone; 1
 * where they are many themselves or `keys` are few.
 */
export function splitsFor(rowBlocks: number, heads: number, keys: number): number {
  const groups = rowBlocks * heads;
  if (groups === 0 || groups > wantedGroups / 2) return 1;
  const most = Math.floor(Math.ceil(keys / 64) / leastTiles);
  return Math.max(1, Math.min(most, Math.ceil(wantedGroups / groups)));
}

/** Bytes of parts and statistics, whatever is split. `size` is that of an activation. */
export function splitBytes(headDim: number, size: number): { parts: number; stats: number } {
  return { parts: mostBlocks * 64 * headDim * size, stats: mostBlocks * 64 * 8 };
}
