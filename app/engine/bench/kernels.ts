/** The kernel suite: ceilings first, then every kernel at a model's shapes, checked on sampled rows and timed. */
import type { Gpu } from '../../gpu/device';
import { measureAttention, measureDecode } from './attention';
import { ceilingsOf, measureCopy, measurePlainCopy, measurePlainProduct } from './ceilings';
import { measureIndexing } from './indexing';
import { measureProduct } from './products';
import { modelShape } from './shapes';
import { measureSplit } from './split';
import { measureSteps } from './step';
import type {
  BenchHooks,
  KernelBenchRequest,
  KernelBenchResult,
  KernelGroup,
  KernelMeasurement,
} from './types';

export type KernelResults = Pick<KernelBenchResult, 'ceilings' | 'measurements' | 'notRun'>;

export interface KernelHooks extends BenchHooks {
  /** Everything so far, after each measurement. */
  onMeasured: (results: KernelResults) => void;
}

export async function benchKernels(
  gpu: Gpu,
  request: KernelBenchRequest,
  hooks: KernelHooks,
): Promise<KernelResults> {
  const { signal } = hooks;
  const shape = request.shape ?? modelShape(request.shapeName);
  const { software } = gpu.capabilities;
  const wants = (group: KernelGroup): boolean => request.only?.includes(group) ?? true;
  const results: KernelResults = { ceilings: null, measurements: [], notRun: [] };
  const add = async (
    what: string,
    work: () => Promise<KernelMeasurement | readonly KernelMeasurement[] | null>,
  ): Promise<void> => {
    signal.throwIfAborted();
    hooks.onProgress(what);
    const measured = await work();
    const failure = gpu.takeFailure();
    if (failure) throw failure;
    if (measured) results.measurements.push(...[measured].flat());
    hooks.onMeasured(results);
  };

  await add('copy', () => measureCopy(gpu, signal));
  await add('plain copy', () => measurePlainCopy(gpu, signal));
  await add('plain product f32', () => measurePlainProduct(gpu, 'f32', signal));
  await add('plain product f16', () => measurePlainProduct(gpu, 'f16', signal));
  results.ceilings = ceilingsOf(results.measurements);

  const { hidden, intermediate } = shape;
  const rows = request.rows ?? (software ? 64 : 4_096);
  const query = shape.heads * shape.headDim;
  const products = [
    ...(software ? [] : [{ rows, cols: 4_096, length: 4_096, gated: false }]),
    { rows, cols: query, length: hidden, gated: false },
    { rows, cols: hidden, length: intermediate, gated: false },
    { rows, cols: intermediate, length: hidden, gated: true },
  ];
  for (const product of wants('products') ? products : []) {
    const name = `${product.gated ? 'matmul_swiglu' : 'matmul'} ${product.rows} x ${product.cols} x ${product.length}`;
    await add(name, () => measureProduct(gpu, product, signal));
  }
  for (const tokens of request.tokens) {
    for (const density of wants('attention') ? [null, ...request.densities] : [])
      await add(`attention ${density ?? 'dense'}, ${tokens} tokens`, () =>
        measureAttention(gpu, shape, tokens, density, signal),
      );
    if (wants('split'))
      await add(`split attention, ${tokens} tokens`, () => measureSplit(gpu, shape, tokens, signal));
    for (const pattern of wants('index') ? request.patterns : [])
      await add(`${pattern.name} index, ${tokens} tokens`, async () => {
        const { measurements, note } = await measureIndexing(gpu, shape, tokens, pattern, signal);
        if (note !== null) results.notRun.push({ tokens, pattern: pattern.name, reason: note });
        return measurements;
      });
    if (wants('decode'))
      await add(`decoding after ${tokens} tokens`, () => measureDecode(gpu, shape, tokens, signal));
  }
  if (wants('step'))
    await add('decoding steps', () =>
      measureSteps(gpu, { name: request.shapeName, shape }, request.tokens, hooks),
    );
  return results;
}
