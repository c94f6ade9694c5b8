/** The part of a document that is laid out at once: a text of many megabytes would freeze the page. */
import type { RetentionReport } from '../../engine/types';
import { leftOut } from './passages';

export type Piece =
  | { kind: 'text'; bin: number; start: number; end: number }
  /** Characters that are in no token of the prompt. */
  | { kind: 'gap'; start: number; end: number };

export interface Window {
  /** [first, end) */
  firstBin: number;
  endBin: number;
  pieces: Piece[];
}

/** Bins around [first, end) with about `characters` of the document on either side. */
export function windowAround(
  { starts, ends }: RetentionReport,
  first: number,
  end: number,
  characters = 1_500,
): Window {
  const length = (bin: number): number => (ends[bin] ?? 0) - (starts[bin] ?? 0);
  let firstBin = first;
  let endBin = end;
  for (let room = characters; firstBin > 0 && room > 0; firstBin--) room -= length(firstBin - 1);
  for (let room = characters; endBin < starts.length && room > 0; endBin++) room -= length(endBin);
  const pieces: Piece[] = [];
  let at: number | null = null;
  for (let bin = firstBin; bin < endBin; bin++) {
    const [start, stop] = [starts[bin] ?? null, ends[bin] ?? null];
    if (start === null || stop === null) continue;
    // A character of several tokens stands once.
    const from = Math.max(start, at ?? start);
    if (at !== null && from - at > leftOut) pieces.push({ kind: 'gap', start: at, end: from });
    const textFrom: number = at !== null && from - at <= leftOut ? at : from;
    if (stop > textFrom) pieces.push({ kind: 'text', bin, start: textFrom, end: stop });
    at = Math.max(stop, at ?? stop);
  }
  return { firstBin, endBin, pieces };
}
