/** Small seeded generator (mulberry32): the same seed gives the same sample on every machine. */
export class Random {
  private state: number;

  constructor(seed: number) {
    // A few rounds first, so that neighbouring seeds do not begin alike.
    this.state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
    for (let round = 0; round < 4; round++) this.next();
  }

  /** Uniform in [0, 1). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number in [low, high]. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  pick<T>(from: readonly T[]): T {
    const picked = from[this.whole(0, from.length - 1)];
    if (picked === undefined) throw new RangeError('nothing to pick from');
    return picked;
  }

  shuffled<T>(from: readonly T[]): T[] {
    const items = [...from];
    for (let last = items.length - 1; last > 0; last--) {
      const other = this.whole(0, last);
      const [a, b] = [items[last], items[other]];
      if (a !== undefined && b !== undefined) [items[last], items[other]] = [b, a];
    }
    return items;
  }
}
