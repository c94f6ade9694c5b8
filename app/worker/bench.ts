/** The page's side of the benchmark worker. */
import type { KernelBenchRequest, KernelMeasurement } from '../engine/bench';
import type { AdapterReport } from '../engine/types';
import { UserError } from '../errors';
import type { BenchMessage } from './bench.worker';

export interface KernelBenchResult {
  adapter: AdapterReport;
  measurements: KernelMeasurement[];
}

/** Measures the kernels in a worker of its own, which ends with the measurement. */
export function runKernelBench(
  request: KernelBenchRequest,
  onMeasured: (measurement: KernelMeasurement) => void = () => undefined,
): Promise<KernelBenchResult> {
  const worker = new Worker(new URL('./bench.worker.ts', import.meta.url), { type: 'module', name: 'bench' });
  return new Promise<KernelBenchResult>((resolve, reject) => {
    worker.addEventListener('message', ({ data }: MessageEvent<BenchMessage>) => {
      if (data.type === 'measured') onMeasured(data.measurement);
      else if (data.type === 'done') resolve({ adapter: data.adapter, measurements: data.measurements });
      else reject(UserError.from(data.error));
    });
    worker.addEventListener('error', (event) => {
      reject(
        new UserError('worker-crashed', 'The benchmark stopped unexpectedly.', 'Try again.', event.message),
      );
    });
    worker.postMessage(request);
  }).finally(() => {
    worker.terminate();
  });
}
