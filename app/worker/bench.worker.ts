/// <reference lib="webworker" />
/** A worker of its own for benchmarks, so that the engine's worker carries none of it. */
import { benchKernels, type KernelBenchRequest, type KernelMeasurement } from '../engine/bench';
import { adapterReport } from '../engine/session';
import type { AdapterReport } from '../engine/types';
import { toReport, type ErrorReport } from '../errors';
import { openGpu } from '../gpu/device';

declare const self: DedicatedWorkerGlobalScope;

export type BenchMessage =
  | { type: 'measured'; measurement: KernelMeasurement }
  | { type: 'done'; adapter: AdapterReport; measurements: KernelMeasurement[] }
  | { type: 'failed'; error: ErrorReport };

function send(message: BenchMessage): void {
  self.postMessage(message);
}

async function bench(request: KernelBenchRequest): Promise<void> {
  const gpu = await openGpu();
  try {
    const signal = new AbortController().signal;
    const measurements = await benchKernels(gpu, request, signal, (measurement) => {
      send({ type: 'measured', measurement });
    });
    send({ type: 'done', adapter: adapterReport(gpu), measurements });
  } finally {
    gpu.destroy();
  }
}

self.addEventListener('message', ({ data }: MessageEvent<KernelBenchRequest>) => {
  bench(data).catch((error: unknown) => {
    send({ type: 'failed', error: toReport(error) });
  });
});
