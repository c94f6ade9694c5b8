import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { UserError } from '../errors';
import { StallWatch } from './stallWatch';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function watching(active = true): { watch: StallWatch; seen: UserError[] } {
  const watch = new StallWatch(active);
  const seen: UserError[] = [];
  void watch.stalled.then((error) => seen.push(error));
  return { watch, seen };
}

const seconds = (count: number): Promise<unknown> => vi.advanceTimersByTimeAsync(count * 1_000);

test('a submit that does not end within a minute is told as a sentence, once', async () => {
  const { watch, seen } = watching();
  watch.submitted();
  await seconds(59);
  expect(seen).toEqual([]);
  await seconds(1);
  expect(seen).toHaveLength(1);
  expect(seen[0]).toMatchObject({ code: 'device-lost', sentence: expect.stringContaining('60 seconds') });
  expect(seen[0]?.remedy).toContain('Load the model again');
  expect(vi.getTimerCount()).toBe(0);
});

test('a run of any length is left alone while submits end', async () => {
  const { watch, seen } = watching();
  watch.submitted();
  for (let submit = 0; submit < 20; submit++) {
    watch.submitted();
    await seconds(50);
    watch.finished();
  }
  expect(seen).toEqual([]);
  await seconds(60);
  expect(seen).toHaveLength(1);
});

test('nothing is in flight, nothing is watched', async () => {
  const { watch, seen } = watching();
  watch.submitted();
  watch.finished();
  await seconds(1);
  expect(vi.getTimerCount()).toBe(0);
  await seconds(3_600);
  // The quiet hour does not count against what is submitted after it.
  watch.submitted();
  await seconds(59);
  watch.finished();
  await seconds(100);
  expect(seen).toEqual([]);
});

test('after a cancel it waits a third as long, and a further run has its minute again', async () => {
  const { watch, seen } = watching();
  watch.submitted();
  await seconds(30);
  watch.hurry();
  await seconds(19);
  expect(seen).toEqual([]);
  watch.finished();

  watch.hurry();
  watch.submitted();
  await seconds(59);
  expect(seen).toEqual([]);
  watch.hurry();
  await seconds(20);
  expect(seen[0]?.sentence).toContain('20 seconds');
});

test('an adapter that computes on the CPU takes as long as it takes, and a destroyed watch says nothing', async () => {
  const software = watching(false);
  software.watch.submitted();
  const gone = watching();
  gone.watch.submitted();
  gone.watch.destroy();
  await seconds(3_600);
  expect([software.seen, gone.seen]).toEqual([[], []]);
});
