import { expect, it } from 'vitest';
import { Playground } from '../playground';
import { gpuResult } from '../storage/fixtures';
import { FakeWorker, model } from '../worker/fakeWorker';
import { BackgroundWatch } from './background';
import { createStores } from './stores';

async function setUp() {
  const worker = new FakeWorker();
  const playground = new Playground(worker.client());
  const stores = createStores(playground, { local: null, session: null });
  const load = playground.load({ kind: 'builtin' });
  await worker.reply('load', { type: 'loaded', model });
  await load;
  let time = 0;
  const said: string[] = [];
  const toasts = { say: (text: string) => said.push(text) };
  const texts = { back: (ms: number) => `back ${ms}`, lost: 'lost' };
  const watch = new BackgroundWatch(stores.run, playground, toasts, texts, () => time);
  return {
    worker,
    said,
    watch,
    pass: (ms: number): void => {
      time += ms;
    },
    run: () => playground.compare({ prompt: { document: 'd', question: 'q' } }),
    end: () => worker.reply('compare', { type: 'compared', result: gpuResult }),
  };
}

it('counts the time of the run alone, and is silent until somebody looks', async () => {
  const { said, watch, pass, run, end } = await setUp();
  watch.tell(true);
  pass(60_000);
  watch.tell(false);
  expect(said).toEqual([]);

  const first = run();
  pass(2_000);
  watch.tell(true);
  pass(3_000);
  await end();
  await first;
  pass(60_000);
  expect(said).toEqual([]);
  watch.tell(false);
  expect(said).toEqual(['back 3000']);

  // A script may start one while the tab is in the background already.
  watch.tell(true);
  pass(10_000);
  const second = run();
  pass(1_500);
  watch.tell(false);
  expect(said.slice(1)).toEqual(['back 1500']);
  watch.tell(true);
  pass(200);
  watch.tell(false);
  expect(said).toHaveLength(2);
  await end();
  await second;
});

it('explains a GPU that was lost meanwhile', async () => {
  const { worker, said, watch, pass, run } = await setUp();
  const first = run();
  first.catch(() => undefined);
  await worker.waitFor('compare');
  watch.tell(true);
  pass(5_000);
  worker.send({ type: 'lost', error: { code: 'device-lost', sentence: 'Lost.', remedy: 'Reload.' } });
  expect(said).toEqual([]);
  watch.tell(false);
  expect(said).toEqual(['lost']);
});

it('blames no background where there was none', async () => {
  const { worker, said, watch, pass, run } = await setUp();
  watch.tell(true);
  pass(5_000);
  watch.tell(false);
  run().catch(() => undefined);
  await worker.waitFor('compare');
  worker.send({ type: 'lost', error: { code: 'device-lost', sentence: 'Lost.', remedy: 'Reload.' } });
  expect(said).toEqual([]);
});
