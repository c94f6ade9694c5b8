import { expect, it } from 'vitest';
import { gpuResult, projectedRun, softwareRun } from '../storage/fixtures';
import { traceOf, type Trace } from './trace';

type Event = Trace['traceEvents'][number];
const slices = (trace: Trace) => trace.traceEvents.filter((event) => event.ph === 'X');
const tracks = (trace: Trace): Map<number, string> =>
  new Map(
    trace.traceEvents.flatMap((event: Event) =>
      event.ph === 'M' && event.name === 'thread_name' && 'name' in event.args
        ? [[event.tid, event.args.name]]
        : [],
    ),
  );

it('is valid: finite microseconds, and slices of a track never overlap', () => {
  const trace = JSON.parse(JSON.stringify(traceOf(gpuResult))) as Trace;
  const names = tracks(trace);
  const ends = new Map<number, number>();
  for (const { ts, dur, tid, pid } of slices(trace)) {
    expect(pid).toBe(1);
    expect(names.has(tid)).toBe(true);
    expect(Number.isFinite(ts) && dur >= 0).toBe(true);
    expect(ts).toBeGreaterThanOrEqual((ends.get(tid) ?? 0) - 1e-6);
    ends.set(tid, ts + dur);
  }
  expect(slices(trace).length).toBe(2 * (2 + 6 + 8));
});

it('has a track for each lane and says that phases are totals', () => {
  const trace = traceOf(gpuResult);
  expect([...tracks(trace).values()]).toEqual([
    'Dense: wall time',
    'Dense: GPU phase totals, end to end',
    'Dense: GPU layer totals, end to end',
    'Sparse (adaptive): wall time',
    'Sparse (adaptive): GPU phase totals, end to end',
    'Sparse (adaptive): GPU layer totals, end to end',
  ]);
  const attention = slices(trace).filter(({ name }) => name === 'attention');
  expect(attention.map(({ dur }) => dur)).toEqual([1_480_000, 240_000]);
  expect(attention.every(({ cat }) => cat === 'phase-total')).toBe(true);
  const layers = slices(trace).filter(({ cat, tid }) => cat === 'layer-total' && tid === 3);
  expect(layers.map(({ name }) => name)).toEqual(Array.from({ length: 8 }, (_, at) => `layer ${at + 1}`));
  const [first] = slices(trace);
  expect(first).toMatchObject({ name: 'to first token', ts: 0, dur: 1_800_000 });
});

it('has wall times alone where there were no timestamps, and names a software adapter', () => {
  const trace = traceOf(softwareRun.result);
  expect([...tracks(trace).values()]).toEqual(['Dense: wall time']);
  expect(trace.otherData.timing).toContain('Software adapter');
});

it('has no track of projected dense, and says so', () => {
  const trace = traceOf(projectedRun.result);
  expect([...tracks(trace).values()].some((name) => name.startsWith('Dense'))).toBe(false);
  expect(trace.otherData.timing).toContain('2400 ms to the first token are projected from a sample');
});
