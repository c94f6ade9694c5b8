import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { paced } from './paced';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('the first report goes at once, and of a burst the newest follows', () => {
  const sent: number[] = [];
  const { report } = paced<number>(100, (value) => sent.push(value));
  for (const value of [1, 2, 3]) report(value);
  expect(sent).toEqual([1]);
  vi.advanceTimersByTime(99);
  expect(sent).toEqual([1]);
  vi.advanceTimersByTime(1);
  expect(sent).toEqual([1, 3]);
  // Silence brings nothing more.
  vi.advanceTimersByTime(1_000);
  expect(sent).toEqual([1, 3]);
  report(4);
  expect(sent).toEqual([1, 3, 4]);
});

test('a steady stream is thinned to one report each interval', () => {
  const sent: number[] = [];
  const { report } = paced<number>(100, (value) => sent.push(value));
  for (let at = 0; at < 1_000; at += 10) {
    report(at);
    vi.advanceTimersByTime(10);
  }
  expect(sent).toHaveLength(11);
  expect(sent.at(-1)).toBe(990);
});

test('nothing is reported once it is stopped', () => {
  const sent: number[] = [];
  const { report, stop } = paced<number>(100, (value) => sent.push(value));
  report(1);
  report(2);
  stop();
  vi.advanceTimersByTime(1_000);
  expect(sent).toEqual([1]);
});
