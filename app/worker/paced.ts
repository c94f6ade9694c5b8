/** Reports thinned out in time, without losing the last one. */

export interface Paced<T> {
  /** Sends at once, or as soon as `ms` have passed since the last; of several that wait, only the newest. */
  report: (value: T) => void;
  /** Drops what waits. Called once the work is over, so that nothing is reported after its end. */
  stop: () => void;
}

/** The newest report always arrives: where a source falls silent, what was last said must be what is so. */
export function paced<T>(ms: number, send: (value: T) => void): Paced<T> {
  let waiting: { value: T } | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;
  const open = (): void => {
    timer = null;
    if (waiting) say(waiting.value);
  };
  const say = (value: T): void => {
    waiting = null;
    send(value);
    timer = setTimeout(open, ms);
  };
  return {
    report: (value) => {
      if (timer === null) say(value);
      else waiting = { value };
    },
    stop: () => {
      waiting = null;
      if (timer !== null) clearTimeout(timer);
      timer = null;
    },
  };
}
