/** For tests: an engine worker that answers when told to, and cancels at once. */
import { vi } from 'vitest';
import type { ModelReport } from '../engine/types';
import { EngineClient, type WorkerPort } from './client';
import type { FromWorker, Reply, Request, ToWorker } from './protocol';

export const model: ModelReport = {
  id: 'builtin',
  family: 'qwen3',
  layers: 8,
  hidden: 384,
  heads: 6,
  kvHeads: 2,
  headDim: 64,
  vocab: 4_096,
  contextLength: 131_072,
  parameters: 14_200_000,
  weightBytes: 28_400_000,
  hasChatTemplate: true,
};

type WithoutId<T> = T extends { id: number } ? Omit<T, 'id'> : never;

export class FakeWorker implements WorkerPort {
  readonly waiting: Request[] = [];
  private listener: ((event: never) => void) | undefined;

  client(): EngineClient {
    return new EngineClient(() => this);
  }

  postMessage(message: ToWorker): void {
    if (message.type !== 'cancel') {
      this.waiting.push(message);
      return;
    }
    const at = this.waiting.findIndex((request) => request.id === message.target);
    if (at < 0) return;
    this.waiting.splice(at, 1);
    this.send({ type: 'cancelled', id: message.target });
  }

  addEventListener(type: string, listener: (event: never) => void): void {
    if (type === 'message') this.listener = listener;
  }

  terminate(): void {
    this.listener = undefined;
  }

  send(data: FromWorker): void {
    this.listener?.({ data } as never);
  }

  /** The oldest unanswered request of that type, once it is there. */
  waitFor(type: Request['type']): Promise<Request> {
    return vi.waitFor(() => {
      const found = this.waiting.find((request) => request.type === type);
      if (!found) throw new Error(`no '${type}' was asked for`);
      return found;
    });
  }

  async reply(type: Request['type'], reply: WithoutId<Reply>): Promise<void> {
    const { id } = await this.waitFor(type);
    this.waiting.splice(
      this.waiting.findIndex((request) => request.id === id),
      1,
    );
    this.send({ ...reply, id });
  }
}
