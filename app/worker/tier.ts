/**
 * The page's `?tier=`: which kernels its workers use instead of the fastest, to compare them. It reaches a worker in its
 * name, which is there before any message.
 */
import { allTiers, type Tier } from '../gpu/capabilities';

/** `name`, with the tier that the page was asked for. */
export function workerName(name: string, search = globalThis.location?.search ?? ''): string {
  const tier = new URLSearchParams(search).get('tier');
  return tier === null ? name : `${name} ${tier}`;
}

/** The tier in a worker's name; undefined: the fastest. A name that is none is not taken for one. */
export function tierIn(name: string): Tier | undefined {
  return allTiers.find((tier) => tier === name.split(' ')[1]);
}
