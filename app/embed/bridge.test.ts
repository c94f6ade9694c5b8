import { describe, expect, it, vi } from 'vitest';
import { Playground } from '../playground';
import { gpuResult } from '../storage/fixtures';
import { FakeWorker, model } from '../worker/fakeWorker';
import { hostOrigin, serveMessages } from './bridge';
import type { FrameMessage } from './protocol';

const origin = 'https://host.example';

function setUp() {
  const worker = new FakeWorker();
  const listeners = new Set<(event: MessageEvent) => void>();
  const said: { message: FrameMessage; to: string }[] = [];
  const host = {
    postMessage: (message: FrameMessage, to: string) => {
      said.push({ message, to });
    },
  };
  const close = serveMessages(new Playground(worker.client()).asPublic(), {
    frame: {
      addEventListener: (_type, listener) => listeners.add(listener),
      removeEventListener: (_type, listener) => listeners.delete(listener),
    },
    host,
    origin,
  });
  const hear = (data: unknown, from: { source?: unknown; origin?: string } = {}): void => {
    for (const listener of listeners) listener({ source: host, origin, data, ...from } as MessageEvent);
  };
  const last = (): FrameMessage | undefined => said.at(-1)?.message;
  return { worker, said, hear, last, close };
}

describe('hostOrigin', () => {
  it.each([
    [null, 'https://own.example'],
    ['https://host.example/some/page', origin],
    ['https://host.example:443', origin],
    ['nonsense', null],
    ['file:///home', null],
    ['*', null],
  ])('%s', (parameter, expected) => {
    expect(hostOrigin(parameter, 'https://own.example')).toBe(expected);
  });
});

describe('messages', () => {
  it('load and compare, with progress on the way, to the named origin only', async () => {
    const { worker, said, hear, last } = setUp();
    expect(last()).toMatchObject({ playground: 1, type: 'ready' });
    hear({ playground: 1, id: 'a', call: 'load', model: 'builtin' });
    const load = await worker.waitFor('load');
    const progress = { stage: 'weights', file: 'model.safetensors', loaded: 1, total: 2 } as const;
    worker.send({ type: 'load-progress', id: load.id, progress });
    expect(last()).toEqual({ playground: 1, type: 'load-progress', id: 'a', progress });
    await worker.reply('load', { type: 'loaded', model });
    await vi.waitFor(() => {
      expect(last()).toEqual({ playground: 1, type: 'result', id: 'a', result: model });
    });

    const request = { prompt: { document: 'd', question: 'q' }, pattern: { name: 'a_shape' } };
    hear({ playground: 1, id: 2, call: 'compare', request });
    const asked = await worker.waitFor('compare');
    expect(asked).toMatchObject({ request: { ...request, pattern: { name: 'a_shape', set: {} } } });
    worker.send({ type: 'answer', id: asked.id, lane: 'dense', text: 'It' });
    expect(last()).toEqual({ playground: 1, type: 'answer', id: 2, lane: 'dense', text: 'It' });
    await worker.reply('compare', { type: 'compared', result: gpuResult });
    await vi.waitFor(() => {
      expect(last()).toEqual({ playground: 1, type: 'result', id: 2, result: gpuResult });
    });
    expect(new Set(said.map(({ to }) => to))).toEqual(new Set([origin]));
  });

  it('cancel what is going on', async () => {
    const { worker, said, hear } = setUp();
    hear({ playground: 1, id: 1, call: 'compare', request: { prompt: { document: 'd', question: 'q' } } });
    await worker.reply('load', { type: 'loaded', model });
    await worker.waitFor('compare');
    hear({ playground: 1, id: 2, call: 'cancel' });
    await vi.waitFor(() => {
      expect(said.map(({ message }) => message)).toEqual(
        expect.arrayContaining([
          { playground: 1, type: 'cancelled', id: 1 },
          { playground: 1, type: 'result', id: 2, result: null },
        ]),
      );
    });
  });

  it.each([
    ['of another version', { playground: 2, id: 3, call: 'cancel' }, 3, 'playground: this page speaks'],
    ['of an unknown call', { playground: 1, id: 3, call: 'eval' }, 3, 'call'],
    ['without an id', { playground: 1, call: 'cancel' }, null, 'id'],
    [
      'with an unknown field',
      { playground: 1, id: 3, call: 'compare', request: { prompt: {}, tokens: 9 } },
      3,
      'request.tokens',
    ],
    [
      'with an unknown pattern',
      { playground: 1, id: 3, call: 'compare', request: { prompt: {}, pattern: { name: 'x' } } },
      3,
      'request.pattern.name',
    ],
  ])('%s are refused by name', (_what, data, id, words) => {
    const { hear, last, worker } = setUp();
    hear(data);
    expect(last()).toMatchObject({ playground: 1, type: 'error', id, error: { code: 'bad-setting' } });
    expect(JSON.stringify(last())).toContain(words);
    expect(worker.waiting).toEqual([]);
  });

  it('say what the engine refused', async () => {
    const { worker, hear, last } = setUp();
    const error = { code: 'gated', sentence: 'It is gated.', remedy: 'Ask for it.' } as const;
    hear({ playground: 1, id: 1, call: 'load', model: 'a/b' });
    await worker.reply('load', { type: 'failed', error });
    await vi.waitFor(() => {
      expect(last()).toEqual({ playground: 1, type: 'error', id: 1, error });
    });
  });

  it('of other origins, other windows and other programs are not heard, nor any after the end', () => {
    const { said, hear, close } = setUp();
    const cancel = { playground: 1, id: 1, call: 'capabilities' };
    hear(cancel, { origin: 'https://other.example' });
    hear(cancel, { source: {} });
    hear({ type: 'webpackOk' });
    hear('text');
    close();
    hear(cancel);
    expect(said).toHaveLength(1);
  });
});
