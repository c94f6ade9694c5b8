/**
 * Notices a GPU that no longer finishes what it was given. Windows and macOS reset such a GPU, Linux drivers need not: a run
 * would wait for it for ever, and a cancel with it, as that acts between submits.
 */
import { UserError } from '../errors';

/** Seconds without a finished submit. One is to hold 120 ms of work (`pacer.ts`); a driver may compile within the first. */
const runLimit = 60;
/** Likewise once the run was cancelled: somebody waits. */
const cancelLimit = 20;
const tickMs = 1_000;

export class StallWatch {
  /** Resolves with the sentence to show when the GPU has stalled; never otherwise. */
  readonly stalled: Promise<UserError>;
  private report: (error: UserError) => void = () => undefined;
  private outstanding = 0;
  /** Ticks since a submit finished, counted rather than timed: a computer that slept for an hour makes one late tick. */
  private quiet = 0;
  private limit = runLimit;
  private timer: ReturnType<typeof setInterval> | null = null;

  /** `active` false: watches nothing, for adapters that compute on the CPU, whose slowest submits have no bound. */
  constructor(private readonly active: boolean) {
    this.stalled = new Promise((resolve) => {
      this.report = resolve;
    });
  }

  /** Tells that a submit was handed to the GPU. */
  submitted(): void {
    if (!this.active) return;
    if (this.outstanding++ === 0) this.quiet = 0;
    this.timer ??= setInterval(() => {
      this.tick();
    }, tickMs);
  }

  /** Tells that a submit was finished. */
  finished(): void {
    this.quiet = 0;
    this.outstanding = Math.max(0, this.outstanding - 1);
    if (this.outstanding === 0) this.limit = runLimit;
  }

  /** The run was cancelled: what is in flight gets less time to end. */
  hurry(): void {
    if (this.outstanding === 0) return;
    this.quiet = 0;
    this.limit = cancelLimit;
  }

  destroy(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    this.outstanding = 0;
  }

  private tick(): void {
    // The timer outlasts a moment without work, so that a run of many short submits does not set one for each.
    if (this.outstanding === 0) this.destroy();
    else if (++this.quiet >= this.limit) {
      this.report(
        new UserError(
          'device-lost',
          `The GPU has finished nothing for ${this.quiet} seconds, so the run was given up.`,
          'Load the model again; if it happens twice, restart the browser and use a shorter prompt or another pattern.',
          `${this.outstanding} submits in flight`,
        ),
      );
      this.destroy();
    }
  }
}
