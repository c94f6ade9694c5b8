import { describe, expect, it, vi } from 'vitest';
import { UserError } from '../errors';
import { EngineClient, type WorkerPort } from './client';
import type { FromWorker, ToWorker } from './protocol';

class FakePort implements WorkerPort {
  readonly sent: ToWorker[] = [];
  terminated = false;
  private readonly listeners = new Map<string, (event: never) => void>();

  postMessage(message: ToWorker): void {
    this.sent.push(message);
  }

  addEventListener(type: string, listener: (event: never) => void): void {
    this.listeners.set(type, listener);
  }

  terminate(): void {
    this.terminated = true;
  }

  emit(type: string, event: unknown): void {
    this.listeners.get(type)?.(event as never);
  }

  reply(data: FromWorker): void {
    this.emit('message', { data });
  }
}

function setUp() {
  const ports: FakePort[] = [];
  const client = new EngineClient(() => {
    const port = new FakePort();
    ports.push(port);
    return port;
  });
  const port = (index = 0): FakePort => {
    const found = ports[index];
    if (!found) throw new Error('no such worker');
    return found;
  };
  return { client, ports, port };
}

describe('EngineClient', () => {
  it('starts no worker before the first call, and pairs replies with calls out of order', async () => {
    const { client, ports, port } = setUp();
    expect(ports).toHaveLength(0);
    const first = client.call({ type: 'unload' });
    const second = client.call({ type: 'count', prompt: { document: 'a', question: 'b' } });
    port().reply({ type: 'counted', id: 2, document: 1, prompt: 2, truncated: false });
    port().reply({ type: 'unloaded', id: 1 });
    expect((await second).prompt).toBe(2);
    expect((await first).type).toBe('unloaded');
  });

  it('rejects with the error that the worker reports', async () => {
    const { client, port } = setUp();
    const call = client.call({ type: 'capabilities' });
    port().reply({
      type: 'failed',
      id: 1,
      error: { code: 'no-adapter', sentence: 'None.', remedy: 'Buy one.' },
    });
    await expect(call).rejects.toMatchObject({ code: 'no-adapter', sentence: 'None.' });
  });

  it('sends events to the call they belong to, and none after its reply', async () => {
    const { client, port } = setUp();
    const onEvent = vi.fn();
    const call = client.call({ type: 'load', source: { kind: 'builtin' } }, { onEvent });
    const progress = { stage: 'weights', file: 'x', loaded: 1, total: 2 } as const;
    port().reply({ type: 'load-progress', id: 1, progress });
    port().reply({ type: 'load-progress', id: 9, progress });
    port().reply({ type: 'cancelled', id: 1 });
    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
    port().reply({ type: 'load-progress', id: 1, progress });
    expect(onEvent).toHaveBeenCalledTimes(1);
  });

  it('asks the worker to cancel and waits until it has stopped', async () => {
    const { client, port } = setUp();
    const controller = new AbortController();
    const call = client.call({ type: 'unload' }, { signal: controller.signal });
    controller.abort();
    expect(port().sent.at(-1)).toMatchObject({ type: 'cancel', target: 1 });
    port().reply({ type: 'cancelled', id: 1 });
    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
    await expect(client.call({ type: 'unload' }, { signal: controller.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  it.each(['error', 'messageerror'])('rejects everything on %s and starts afresh', async (type) => {
    const { client, ports, port } = setUp();
    const onLoss = vi.fn();
    client.onLoss(onLoss);
    const calls = [client.call({ type: 'capabilities' }), client.call({ type: 'unload' })];
    port().emit(type, { message: 'boom' });
    for (const call of calls) await expect(call).rejects.toBeInstanceOf(UserError);
    expect(port().terminated).toBe(true);
    expect(onLoss).toHaveBeenCalledWith(expect.objectContaining({ code: 'worker-crashed' }));
    const again = client.call({ type: 'unload' });
    port(1).reply({ type: 'unloaded', id: 3 });
    await expect(again).resolves.toMatchObject({ type: 'unloaded' });
    expect(ports).toHaveLength(2);
  });
});
