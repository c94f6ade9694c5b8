/** A model of any shape with seeded random weights, made in place: the cost of a prefill without a download. */
import type { Gpu } from '../../gpu/device';
import { Random } from '../../documents/random';
import { floatToHalf } from '../../model/dtypes';
import type { TensorSlice } from '../../model/tensors';
import { Transformer } from '../../model/transformer';
import { ModelWeights } from '../../model/weights';
import { configOfShape, modelShape, type ModelShape } from './shapes';
import type { BenchModel } from './model';
import type { BenchHooks } from './types';

/** Elements of one write, as when weights come from a file. */
const sliceElements = 2 ** 20;
/** Queued writes are copies: the GPU takes them before more pile up. */
const unflushedBytes = 2 ** 28;
const tableSize = 2 ** 16;

/** Standard normal values, each weight one of them: drawing from a table is what makes half a billion take seconds. */
function normalTable(seed: number): Float64Array {
  const random = new Random(seed);
  return Float64Array.from(
    { length: tableSize },
    () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next()),
  );
}

/**
 * Standard deviation of a tensor's values; null: all ones (a norm's weight). Products keep the size of their inputs
 * (1 / sqrt(length)), and the two that add to the residual share it out among layers, so that activations stay near 1.
 */
export function deviationOf(name: string, shape: readonly number[], layers: number): number | null {
  if (name.endsWith('norm.weight')) return null;
  if (name.endsWith('.bias')) return 0.1;
  const length = shape[1] ?? 1;
  const adds = name.endsWith('o_proj.weight') || name.endsWith('down_proj.weight');
  return 1 / Math.sqrt(adds ? 2 * layers * length : length);
}

/** Elements of a tensor drawn from `table` (f16 bits), continuing from `state`; the new state. */
function draw(out: Uint16Array, table: Uint16Array, state: number): number {
  let at = state;
  // xorshift32 (Marsaglia 2003): no lattice between rows, as a congruential generator would have.
  for (let index = 0; index < out.length; index++) {
    at ^= at << 13;
    at ^= at >>> 17;
    at ^= at << 5;
    out[index] = table[at >>> 16] ?? 0;
  }
  return at;
}

/** Every tensor in slices of bounded size; the same seed gives the same values. */
export function* syntheticSlices(
  tensors: readonly { name: string; shape: readonly number[] }[],
  layers: number,
  seed: number,
): Generator<TensorSlice> {
  const normals = normalTable(seed);
  const tables = new Map<number | null, Uint16Array>();
  const tableOf = (deviation: number | null): Uint16Array => {
    const known = tables.get(deviation);
    if (known) return known;
    const made = Uint16Array.from(normals, (value) =>
      floatToHalf(deviation === null ? 1 : value * deviation),
    );
    tables.set(deviation, made);
    return made;
  };
  for (const [at, { name, shape }] of tensors.entries()) {
    const table = tableOf(deviationOf(name, shape, layers));
    const count = shape.reduce((product, size) => product * size, 1);
    // Never zero, which xorshift would keep.
    let state = (Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(at + 1, 0x85ebca6b)) | 1;
    for (let offset = 0; offset < count; offset += sliceElements) {
      const half = new Uint16Array(Math.min(sliceElements, count - offset));
      state = draw(half, table, state);
      yield { name, shape: [...shape], offset, half };
    }
  }
}

async function fill(
  gpu: Gpu,
  weights: ModelWeights,
  layers: number,
  seed: number,
  hooks: BenchHooks,
): Promise<void> {
  let unflushed = 0;
  for (const slice of syntheticSlices(weights.tensors(), layers, seed)) {
    weights.write(slice);
    unflushed += slice.half.byteLength;
    if (unflushed <= unflushedBytes) continue;
    await gpu.device.queue.onSubmittedWorkDone();
    hooks.signal.throwIfAborted();
    hooks.onProgress(`random weights: ${Math.floor(weights.parameters / 1e6)}M`);
    unflushed = 0;
  }
  weights.finish();
}

/** Random prompt ids, the same for any length: a shorter prompt is the start of a longer one. */
export function randomIds(count: number, vocab: number, seed: number): Uint32Array<ArrayBuffer> {
  const random = new Random(seed);
  return Uint32Array.from({ length: count }, () => Math.floor(random.next() * vocab));
}

export async function syntheticModel(
  gpu: Gpu,
  source: { name: string; shape?: ModelShape; seed: number },
  hooks: BenchHooks,
): Promise<BenchModel> {
  const config = configOfShape(source.shape ?? modelShape(source.name));
  const weights = new ModelWeights(gpu, config);
  try {
    await fill(gpu, weights, config.layers, source.seed, hooks);
    const transformer = await Transformer.create(gpu, config, weights);
    const failure = gpu.takeFailure();
    if (failure) throw failure;
    return {
      config,
      transformer,
      report: {
        id: `synthetic:${source.name}`,
        family: config.family,
        layers: config.layers,
        hidden: config.hidden,
        heads: config.heads,
        kvHeads: config.kvHeads,
        headDim: config.headDim,
        vocab: config.vocab,
        contextLength: config.contextLength,
        parameters: weights.parameters,
        weightBytes: weights.bytes,
        hasChatTemplate: false,
      },
      ids: (count, seed) => randomIds(count, config.vocab, seed),
      destroy() {
        transformer.destroy();
        weights.destroy();
      },
    };
  } catch (error) {
    weights.destroy();
    throw error;
  }
}
