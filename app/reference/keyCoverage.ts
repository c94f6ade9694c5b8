/**
 * Pairs of a row block and a key that one head covers, by bins of `keysPerBin` consecutive keys. `seen` names each row
 * block's keys: those of its list up to its last position (`coveredKeys`).
 */
export function keyCoverageReference(
  rowBlocks: number,
  { bins, keysPerBin }: { bins: number; keysPerBin: number },
  seen: (rowBlock: number) => readonly number[],
): number[] {
  const sums = Array.from({ length: bins }, () => 0);
  for (let block = 0; block < rowBlocks; block++) {
    for (const key of seen(block)) {
      const bin = Math.floor(key / keysPerBin);
      sums[bin] = (sums[bin] ?? NaN) + 1;
    }
  }
  return sums;
}
