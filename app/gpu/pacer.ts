/**
 * How much work one submit may hold. Browsers and drivers kill long submits (Windows after about 2 s a packet), and
 * a cancel can only act between submits. The pacer learns the adapter's rate from finished submits.
 */

/** Milliseconds of GPU time aimed at; design 3 asks for a submit under 200 and a dispatch under 50. */
const submitTargetMs = 120;
const dispatchTargetMs = 40;
/** Start at what a slow CPU adapter manages (about 0.2 GFLOP/s) and let the first submits raise it. */
const firstFlopsPerMs = 2e5;
/** A submit shorter than this measures overhead and not rate. */
const shortestUsefulMs = 4;
/** So does one of less than this share of a full submit. */
const smallestUsefulShare = 1 / 64;
/** One measurement may raise the rate by this factor at most: a single lucky submit must not hang the GPU. */
const fastestGrowth = 8;

export class Pacer {
  private flopsPerMs = firstFlopsPerMs;

  /** Floating-point operations that one submit should hold. */
  get submitFlops(): number {
    return this.flopsPerMs * submitTargetMs;
  }

  /** Floating-point operations that one dispatch should hold. */
  get dispatchFlops(): number {
    return this.flopsPerMs * dispatchTargetMs;
  }

  /** Tells the pacer that submitted work of `flops` took `ms` of wall time by itself. */
  record(flops: number, ms: number): void {
    if (flops < this.submitFlops * smallestUsefulShare) return;
    if (ms < shortestUsefulMs) {
      // Too short to measure: if even a full submit is that short, the rate is at least this.
      if (flops >= this.submitFlops / 2) this.flopsPerMs *= fastestGrowth;
      return;
    }
    const measured = flops / ms;
    this.flopsPerMs =
      measured > this.flopsPerMs
        ? Math.min(measured, this.flopsPerMs * fastestGrowth)
        : Math.max(firstFlopsPerMs / 8, 0.5 * this.flopsPerMs + 0.5 * measured);
  }
}
