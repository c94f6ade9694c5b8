/** A tab in the background during a run: its times are doubtful, and the GPU may be taken away from it. */
import type { Playground } from '../playground';
import { isRunning, type RunStore } from './run';
import type { ToastActions } from './toasts';

export interface BackgroundTexts {
  back: (ms: number) => string;
  lost: string;
}

/** Less is a glance at another tab. */
const worthSaying = 1_000;

export class BackgroundWatch {
  private hiddenSince: number | null = null;
  /** Time in the background during the run that goes on, or that was the last. */
  private total = 0;
  private said = 0;
  private lost = false;

  constructor(
    private readonly run: RunStore,
    playground: Playground,
    private readonly toasts: Pick<ToastActions, 'say'>,
    private readonly texts: BackgroundTexts,
    private readonly now: () => number = () => performance.now(),
  ) {
    run.subscribe((state, before) => {
      const running = isRunning(state);
      if (running === isRunning(before)) return;
      if (running) {
        this.total = 0;
        this.said = 0;
      }
      // What counts of the time in the background begins, or ends, here.
      this.count(!running);
    });
    playground.subscribe(({ type }) => {
      if (type !== 'lost') return;
      this.count(isRunning(run.getState()));
      if (this.hiddenSince !== null) this.lost = true;
      else if (this.total > 0) this.toasts.say(this.texts.lost);
    });
  }

  /** To be told whenever the tab goes to the background or comes back. Nothing is said while nobody looks. */
  tell(hidden: boolean): void {
    if (hidden) {
      this.hiddenSince ??= this.now();
      return;
    }
    this.count(isRunning(this.run.getState()));
    this.hiddenSince = null;
    if (this.lost) this.toasts.say(this.texts.lost);
    else if (this.total - this.said >= worthSaying) {
      this.toasts.say(this.texts.back(this.total));
      this.said = this.total;
    }
    this.lost = false;
  }

  private count(during: boolean): void {
    if (this.hiddenSince === null) return;
    const now = this.now();
    if (during) this.total += now - this.hiddenSince;
    this.hiddenSince = now;
  }
}
