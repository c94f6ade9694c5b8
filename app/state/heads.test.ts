import { expect, it } from 'vitest';
import type { CompareResult, HeadReport } from '../engine/types';
import { Playground } from '../playground';
import { FakeWorker, model } from '../worker/fakeWorker';
import { createStores } from './stores';

const report: HeadReport = {
  layers: 1,
  heads: 1,
  sampledRows: [0],
  density: [[0.5]],
  recall: [[0.9]],
  outputError: [[0.1]],
};

const maps = { cells: 1, tokensPerCell: 64, tiles: new Uint8Array(1), columns: new Uint8Array(1) };

async function finishedRun() {
  const worker = new FakeWorker();
  const playground = new Playground(worker.client());
  const stores = createStores(playground, { local: null, session: null });
  const load = stores.actions.model.load({ kind: 'builtin' });
  await worker.reply('load', { type: 'loaded', model });
  await load;
  const run = playground.compare({
    prompt: { document: 'text', question: 'why' },
    pattern: { name: 'a_shape' },
  });
  const request = { pattern: { name: 'a_shape', set: {} }, question: 'why' };
  // What this store reads of a result.
  const result = { model: { ...model }, request } as unknown as CompareResult;
  await worker.reply('compare', { type: 'compared', result });
  await run;
  return { worker, stores, result };
}

it('measures a finished run with the prompt that it had, once at a time', async () => {
  const { worker, stores, result } = await finishedRun();
  const { heads } = stores.actions;
  expect(heads.canMeasure(result)).toBe(true);
  expect(heads.canMeasure({ ...result })).toBe(false);
  const measured = heads.measure(result);
  expect(stores.heads.getState().measuring).toEqual({ result, fraction: 0 });
  await heads.measure(result);
  expect(await worker.waitFor('measure')).toMatchObject({
    request: { prompt: { document: 'text', question: 'why' }, pattern: { name: 'a_shape' }, maps: true },
  });
  await worker.reply('measure', { type: 'measured', heads: { ...report, maps } });
  await measured;
  expect(stores.heads.getState()).toMatchObject({ measuring: null, error: null });
  // The run has the figures from now on, for history and files, but not the maps.
  const [entry] = stores.run.getState().finished;
  expect(entry?.result).toEqual({ ...result, heads: report });
  const kept = entry?.result ?? result;
  expect(stores.heads.getState().reports.get(kept)).toEqual({ ...report, maps });
  expect([heads.canMeasure(kept), heads.documentOf(kept)]).toEqual([true, 'text']);
  expect(heads.documentOf({ ...kept })).toBeNull();
});

it('a failure is told beside its run, a cancel is not; another model is named', async () => {
  const { worker, stores, result } = await finishedRun();
  const { heads } = stores.actions;
  const failing = heads.measure(result);
  const error = { code: 'out-of-memory', sentence: 'Full.', remedy: 'Less.' } as const;
  await worker.reply('measure', { type: 'failed', error });
  await failing;
  expect(stores.heads.getState().error).toEqual({ result, report: error });
  const cancelled = heads.measure(result);
  expect(stores.heads.getState().error).toBeNull();
  await worker.waitFor('measure');
  heads.cancel();
  await cancelled;
  expect(stores.heads.getState()).toMatchObject({ measuring: null, error: null });
  result.model.id = 'other/model';
  await heads.measure(result);
  expect(stores.heads.getState().error?.report.sentence).toContain('other/model');
});
