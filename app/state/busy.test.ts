import { expect, test } from 'vitest';
import type { CompareResult } from '../engine/types';
import { Playground } from '../playground';
import { FakeWorker } from '../worker/fakeWorker';
import { busyWith } from './busy';
import { createStores } from './stores';

test('whatever the engine does keeps a run from starting, and says what it is', () => {
  const stores = createStores(new Playground(new FakeWorker().client()), { local: null, session: null });
  const { run, search, heads, scaling } = stores;
  expect(busyWith(stores)).toBeNull();

  const during = (start: () => void, end: () => void): string | null => {
    start();
    const why = busyWith(stores);
    end();
    expect(busyWith(stores)).toBeNull();
    return why;
  };
  expect(
    during(
      () => {
        search.setState({ fraction: 0 });
      },
      () => {
        search.setState({ fraction: null });
      },
    ),
  ).toContain('search');
  expect(
    during(
      () => {
        heads.setState({ measuring: { result: {} as CompareResult, fraction: 0 } });
      },
      () => {
        heads.setState({ measuring: null });
      },
    ),
  ).toContain('measured');
  expect(
    during(
      () => {
        scaling.setState({ progress: { length: 1, lengths: 2, tokens: 128, lane: 'dense', fraction: 0 } });
      },
      () => {
        scaling.setState({ progress: null });
      },
    ),
  ).toContain('timed');
  const started = { status: 'running', lanes: [] } as unknown as NonNullable<
    ReturnType<typeof run.getState>['active']
  >;
  expect(
    during(
      () => {
        run.setState({ active: started });
      },
      () => {
        run.setState({ active: null });
      },
    ),
  ).toContain('run');
});
