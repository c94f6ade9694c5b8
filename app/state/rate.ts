/** How fast bytes come, and how long the rest will take. */

/** Bytes a second over a window, so that a stall shows and a burst does not promise too much. */
export class RateMeter {
  private samples: { at: number; loaded: number }[] = [];

  constructor(
    private readonly now: () => number,
    private readonly windowMs = 4_000,
  ) {}

  reset(): void {
    this.samples = [];
  }

  read({ loaded, total }: { loaded: number; total: number }): {
    rate: number | null;
    etaSeconds: number | null;
  } {
    const at = this.now();
    this.samples.push({ at, loaded });
    while (this.samples.length > 2 && at - (this.samples[0]?.at ?? at) > this.windowMs) this.samples.shift();
    const first = this.samples[0];
    if (!first || at - first.at < 250 || loaded <= first.loaded) return { rate: null, etaSeconds: null };
    const rate = ((loaded - first.loaded) / (at - first.at)) * 1000;
    return { rate, etaSeconds: total > 0 ? (total - loaded) / rate : null };
  }
}
