/// <reference lib="webworker" />
/** A worker of its own for one attention alone, so that the engine's worker carries none of it. */
import {
  attentionAlone,
  checkShape,
  type AttentionChunk,
  type AttentionReport,
  type AttentionShape,
} from '../engine/attentionAlone';
import type { PatternRequest } from '../engine/types';
import { toReport, UserError, type ErrorReport } from '../errors';
import { openFastest } from '../engine/tier';
import { tierIn } from './tier';

declare const self: DedicatedWorkerGlobalScope;

export interface AttentionRequest {
  /** Absolute address of the folder with q.f16, k.f16 and v.f16, with a slash at the end. */
  base: string;
  shape: AttentionShape;
  pattern: PatternRequest;
}

export type AttentionMessage =
  | { type: 'chunk'; chunk: AttentionChunk }
  | { type: 'done'; report: AttentionReport }
  | { type: 'failed'; error: ErrorReport };

async function load(request: AttentionRequest, name: string): Promise<Uint16Array<ArrayBuffer>> {
  const { tokens, heads, headDim } = request.shape;
  const response = await fetch(`${request.base}${name}.f16`);
  if (!response.ok) throw new UserError('not-found', `${name}.f16 is not there.`, 'Check the folder.');
  const bytes = await response.arrayBuffer();
  const wanted = tokens * heads * headDim * 2;
  if (bytes.byteLength !== wanted)
    throw new UserError(
      'bad-setting',
      `${name}.f16 has ${bytes.byteLength} bytes, and shape.json asks for ${wanted}.`,
      'Write [head][token][dim] as little-endian f16.',
    );
  return new Uint16Array(bytes);
}

async function run(request: AttentionRequest): Promise<void> {
  checkShape(request.shape);
  const [q, k, v] = await Promise.all([load(request, 'q'), load(request, 'k'), load(request, 'v')]);
  const gpu = await openFastest({ tier: tierIn(self.name) });
  try {
    const { signal } = new AbortController();
    const report = await attentionAlone(
      gpu,
      { ...request.shape, q, k, v },
      request.pattern,
      signal,
      (chunk) => {
        self.postMessage({ type: 'chunk', chunk } satisfies AttentionMessage, [chunk.out.buffer]);
      },
    );
    self.postMessage({ type: 'done', report } satisfies AttentionMessage);
  } finally {
    gpu.destroy();
  }
}

self.addEventListener('message', ({ data }: MessageEvent<AttentionRequest>) => {
  run(data).catch((error: unknown) => {
    self.postMessage({ type: 'failed', error: toReport(error) } satisfies AttentionMessage);
  });
});
