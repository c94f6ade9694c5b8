/** Weights as a stream of f16 slices in file order: one pass over each file, never a whole file in memory. */
import * as v from 'valibot';
import { UserError } from '../errors';
import { dtypeBytes, toHalf, type Dtype } from './dtypes';
import type { ModelFiles } from './files';
import { badFile, headerLength, parseHeader, type TensorEntry } from './safetensors';

export interface TensorSlice {
  name: string;
  shape: number[];
  /** Elements of the tensor before this slice; even. */
  offset: number;
  /** f16 bits. */
  half: Uint16Array<ArrayBuffer>;
}

export interface StreamOptions {
  signal: AbortSignal;
  /** Bytes so far and in all (0 when unknown). */
  onProgress: (loaded: number, total: number, file: string) => void;
  /** Tensors to deliver; the rest is skipped. */
  want: (name: string) => boolean;
}

/** Elements of one slice at most; even, so that every slice starts at a whole 32-bit word of f16. */
const sliceElements = 2 ** 20;

const ShardIndex = v.object({
  metadata: v.optional(v.looseObject({ total_size: v.optional(v.number()) })),
  weight_map: v.record(v.string(), v.string()),
});

/** Reads exact byte counts from a stream whose chunks have any size. */
class ByteReader {
  private chunk: Uint8Array = new Uint8Array();
  private readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  /** Bytes taken so far. */
  position = 0;

  constructor(
    body: ReadableStream<Uint8Array>,
    private readonly file: string,
    private readonly signal: AbortSignal,
  ) {
    this.reader = body.getReader();
  }

  /** The next `count` bytes, copied into a buffer of their own. */
  async take(count: number): Promise<Uint8Array<ArrayBuffer>> {
    const out = new Uint8Array(count);
    for (let filled = 0; filled < count;) {
      if (this.chunk.byteLength === 0) await this.refill();
      const part = this.chunk.subarray(0, count - filled);
      out.set(part, filled);
      filled += part.byteLength;
      this.chunk = this.chunk.subarray(part.byteLength);
    }
    this.position += count;
    return out;
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0;) {
      if (this.chunk.byteLength === 0) await this.refill();
      const part = Math.min(left, this.chunk.byteLength);
      this.chunk = this.chunk.subarray(part);
      left -= part;
    }
    this.position += count;
  }

  cancel(): void {
    this.reader.cancel().catch(() => undefined);
  }

  private async refill(): Promise<void> {
    this.signal.throwIfAborted();
    const { done, value } = await this.reader.read();
    this.signal.throwIfAborted();
    if (done) throw badFile(this.file, 'it ends early');
    this.chunk = value;
  }
}

function isFloat(dtype: string): dtype is Dtype {
  return Object.hasOwn(dtypeBytes, dtype);
}

async function* sliceTensor(
  reader: ByteReader,
  entry: TensorEntry,
  file: string,
): AsyncGenerator<TensorSlice> {
  const { name, shape, dtype } = entry;
  if (!isFloat(dtype)) {
    throw new UserError(
      'bad-weights',
      `The tensor ${name} of ${file} is stored as ${dtype}.`,
      'Only F16, BF16 and F32 weights can be loaded.',
    );
  }
  const count = (entry.end - entry.begin) / dtypeBytes[dtype];
  for (let offset = 0; offset < count; offset += sliceElements) {
    const elements = Math.min(sliceElements, count - offset);
    const bytes = await reader.take(elements * dtypeBytes[dtype]);
    yield { name, shape, offset, half: toHalf(bytes, dtype, name) };
  }
}

async function shardsOf(
  files: ModelFiles,
  signal: AbortSignal,
): Promise<{ names: string[]; total: number; map: Record<string, string> | null }> {
  const text = await files.text('model.safetensors.index.json', signal);
  if (text === null) return { names: ['model.safetensors'], total: 0, map: null };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = null;
  }
  const parsed = v.safeParse(ShardIndex, json);
  if (!parsed.success) throw badFile('model.safetensors.index.json', 'it is not a shard index');
  const map = parsed.output.weight_map;
  const names = [...new Set(Object.values(map))].toSorted();
  const outside = names.find((name) => !/^[\w.-]+\.safetensors$/.test(name) || name.includes('..'));
  if (outside !== undefined) throw badFile('model.safetensors.index.json', `it names '${outside}'`);
  return { names, total: parsed.output.metadata?.total_size ?? 0, map };
}

/** All wanted tensors of `model.safetensors`, or of the shards that its index names. */
export async function* streamTensors(files: ModelFiles, options: StreamOptions): AsyncGenerator<TensorSlice> {
  const { signal, onProgress, want } = options;
  const { names, total, map } = await shardsOf(files, signal);
  let before = 0;
  for (const file of names) {
    const { size, body } = await files.stream(file, signal);
    const reader = new ByteReader(body, file, signal);
    const report = (): void => {
      onProgress(before + reader.position, Math.max(total, names.length === 1 ? (size ?? 0) : 0), file);
    };
    try {
      const length = headerLength(await reader.take(8), file);
      if (size !== null && length > size - 8) throw badFile(file, 'it ends early');
      const entries = parseHeader(await reader.take(length), size === null ? null : size - 8 - length, file);
      const lost = Object.entries(map ?? {}).find(
        ([name, shard]) => shard === file && !entries.some((entry) => entry.name === name),
      );
      if (lost) throw badFile(file, `it lacks ${lost[0]}, which the index places there`);
      const start = reader.position;
      for (const entry of entries) {
        await reader.skip(start + entry.begin - reader.position);
        if (!want(entry.name)) {
          await reader.skip(entry.end - entry.begin);
          report();
          continue;
        }
        for await (const slice of sliceTensor(reader, entry, file)) {
          report();
          yield slice;
        }
      }
      before += reader.position;
    } finally {
      reader.cancel();
    }
  }
}
