/** Lines for the server log sample: one request, job or measurement each, in time order. */
import { questionOf, whereIs, type Facts, type Planted } from './sampleFacts';
import type { Random } from './random';

const lines: readonly ((random: Random) => string)[] = [
  (r) =>
    `INFO  http GET /${r.pick(['api/items', 'api/orders', 'assets/app.css', 'health', 'search'])} ${r.pick(['200', '200', '200', '304', '404'])} in ${r.whole(2, 480)} ms`,
  (r) => `INFO  http POST /api/${r.pick(['orders', 'sessions', 'uploads'])} 201 in ${r.whole(9, 920)} ms`,
  (r) =>
    `DEBUG cache ${r.pick(['hit', 'hit', 'miss'])} for ${r.pick(['catalogue', 'profile', 'prices', 'menu'])}:${r.whole(10, 9999)}`,
  (r) =>
    `INFO  queue ${r.pick(['mail', 'thumbnails', 'invoices', 'reports'])} has ${r.whole(0, 240)} jobs waiting`,
  (r) => `WARN  database query took ${r.whole(300, 4200)} ms on replica ${r.whole(1, 4)}`,
  (r) =>
    `INFO  scheduler started ${r.pick(['backup', 'cleanup', 'digest', 'reindex'])} as job ${r.whole(100, 9999)}`,
  (r) => `INFO  scheduler finished job ${r.whole(100, 9999)} after ${r.whole(1, 90)} s`,
  (r) => `DEBUG pool ${r.whole(1, 32)} of 32 connections in use`,
  (r) =>
    `WARN  upload of ${r.whole(1, 64)} MB retried after ${r.pick(['timeout', 'reset', 'checksum mismatch'])}`,
  (r) =>
    `ERROR worker ${r.whole(1, 16)} stopped: ${r.pick(['out of disk space', 'connection refused', 'bad gateway'])}`,
  (r) => `INFO  worker ${r.whole(1, 16)} started with ${r.whole(2, 8)} threads`,
  (r) => `INFO  auth user ${r.whole(100, 99999)} signed ${r.pick(['in', 'in', 'out'])}`,
];

export function logTitle(random: Random): string {
  return `Server log of ${random.pick(['web-1', 'web-2', 'edge-3', 'core-1'])}`;
}

/** Seconds advance through March 2026 and on, by one to nine a line. */
export class LogClock {
  private at = Date.UTC(2026, 2, 4, 12, 0, 0);

  constructor(private readonly random: Random) {}

  stamp(): string {
    this.at += this.random.whole(1, 9) * 1000;
    return `${new Date(this.at).toISOString().slice(0, 19)}Z`;
  }
}

export function logLine(random: Random, clock: LogClock): string {
  return `${clock.stamp()} ${random.pick(lines)(random)}`;
}

/** The facts as lines, whose time stamps are given when they are written. */
export function logFacts({ code, place, last }: Facts): ((clock: LogClock) => Planted)[] {
  const line = (message: string, question: string, answer: string) => (clock: LogClock) => {
    const stamp = `${clock.stamp()} INFO  `;
    return { text: stamp + message, start: stamp.length, question, answer };
  };
  const seen = `gate ${last.adjective}-${last.noun} was carried through by`;
  const rest = `${last.keeper} on the way to the ${last.room}`;
  return [
    line(
      `vault ${code.attribute} of ${code.adjective}-${code.noun} set to ${code.value}`,
      questionOf(code),
      code.value,
    ),
    line(
      `store location of ${place.adjective}-${place.noun} set to ${place.room}`,
      whereIs(place),
      place.room,
    ),
    line(`${seen} ${rest}`, `Finish the line: ${seen}`, rest),
  ];
}
