/** How long a sample is where nobody chose a length. */

/** Long enough on a GPU that skipping pays several times over, short enough for an old one; on a CPU a minute's work. */
const onGpu = 32_000;
const inSoftware = 400;

/** Tokens; `chosen` is the setting. */
export function sampleTokens(chosen: number | null, software: boolean): number {
  return chosen ?? (software ? inSoftware : onGpu);
}
