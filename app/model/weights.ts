/** Weights on the GPU: Hugging Face tensor names in, packed buffers out. */
import { UserError } from '../errors';
import type { Gpu } from '../gpu/device';
import type { ModelConfig } from './config';
import type { TensorSlice } from './tensors';

export interface LayerWeights {
  inputNorm: GPUBuffer;
  /** [query, key, value rows][hidden] half, one product for any of them. */
  qkv: GPUBuffer;
  qkvBias: GPUBuffer;
  /** [headDim] half each; a buffer of zeros where the family has none. */
  queryNorm: GPUBuffer;
  keyNorm: GPUBuffer;
  /** [hidden][heads * headDim] half. */
  output: GPUBuffer;
  outputBias: GPUBuffer;
  mlpNorm: GPUBuffer;
  /** [gate, up][intermediate][hidden] half. */
  gateUp: GPUBuffer;
  /** [hidden][intermediate] half. */
  down: GPUBuffer;
}

/** Rows [first, first + rows) of a table too large for one binding on some adapters. */
export interface TablePiece {
  buffer: GPUBuffer;
  first: number;
  rows: number;
}

interface Target {
  buffer: GPUBuffer;
  /** Element of the buffer where the tensor starts. */
  first: number;
  /** Expected shape. */
  shape: readonly number[];
  /** Elements of the tensor before this target's part, and in it: a table in pieces has several targets. */
  from: number;
  count: number;
}

/** Rows a product over the vocabulary may need a multiple of. */
const tableAlign = 64;

export class ModelWeights {
  readonly layers: LayerWeights[] = [];
  readonly finalNorm: GPUBuffer;
  readonly embedding: readonly TablePiece[];
  /** The embedding again where the two are tied. */
  readonly head: readonly TablePiece[];
  /** Zeros, bound where a kernel's optional input is absent. */
  readonly zeros: GPUBuffer;
  private readonly targets = new Map<string, Target[]>();
  private readonly owned: GPUBuffer[] = [];
  private readonly written = new Map<string, number>();
  /** Elements that were taken from the files. */
  parameters = 0;

  constructor(
    private readonly gpu: Gpu,
    config: ModelConfig,
  ) {
    const { hidden, heads, kvHeads, headDim, intermediate, vocab } = config;
    const queryRows = heads * headDim;
    const kvRows = kvHeads * headDim;
    this.zeros = this.allocate('zeros', 4);
    this.embedding = this.table('model.embed_tokens.weight', vocab, hidden);
    this.head = config.tiedEmbeddings ? this.embedding : this.table('lm_head.weight', vocab, hidden);
    this.finalNorm = this.vector('model.norm.weight', hidden);

    for (let layer = 0; layer < config.layers; layer++) {
      const name = `model.layers.${layer}.`;
      const qkv = this.allocate(`${name}qkv`, (queryRows + 2 * kvRows) * hidden);
      const qkvBias = config.qkvBias ? this.allocate(`${name}qkv.bias`, queryRows + 2 * kvRows) : this.zeros;
      let row = 0;
      for (const [part, rows] of [
        ['q', queryRows],
        ['k', kvRows],
        ['v', kvRows],
      ] as const) {
        this.expect(`${name}self_attn.${part}_proj.weight`, [rows, hidden], qkv, row * hidden);
        if (config.qkvBias) this.expect(`${name}self_attn.${part}_proj.bias`, [rows], qkvBias, row);
        row += rows;
      }
      const gateUp = this.allocate(`${name}gate_up`, 2 * intermediate * hidden);
      this.expect(`${name}mlp.gate_proj.weight`, [intermediate, hidden], gateUp, 0);
      this.expect(`${name}mlp.up_proj.weight`, [intermediate, hidden], gateUp, intermediate * hidden);
      this.layers.push({
        inputNorm: this.vector(`${name}input_layernorm.weight`, hidden),
        qkv,
        qkvBias,
        queryNorm: config.qkNorm ? this.vector(`${name}self_attn.q_norm.weight`, headDim) : this.zeros,
        keyNorm: config.qkNorm ? this.vector(`${name}self_attn.k_norm.weight`, headDim) : this.zeros,
        output: this.matrix(`${name}self_attn.o_proj.weight`, hidden, queryRows),
        outputBias: config.outputBias ? this.vector(`${name}self_attn.o_proj.bias`, hidden) : this.zeros,
        mlpNorm: this.vector(`${name}post_attention_layernorm.weight`, hidden),
        gateUp,
        down: this.matrix(`${name}mlp.down_proj.weight`, hidden, intermediate),
      });
    }
  }

  /** True for tensors that the model needs; others in a file are skipped unread. */
  wants(name: string): boolean {
    return this.targets.has(canonical(name));
  }

  /** Every tensor that the model needs, as files name it. */
  tensors(): { name: string; shape: readonly number[] }[] {
    return [...this.targets].map(([name, parts]) => ({ name, shape: parts[0]?.shape ?? [] }));
  }

  /** Bytes on the GPU. */
  get bytes(): number {
    return this.owned.reduce((sum, buffer) => sum + buffer.size, 0);
  }

  /** Writes one slice of a tensor. Slices must start at even elements, as WebGPU writes whole words. */
  write(slice: TensorSlice): void {
    const name = canonical(slice.name);
    const parts = this.targets.get(name);
    if (!parts) return;
    const want = parts[0]?.shape ?? [];
    if (want.join() !== slice.shape.join()) {
      throw new UserError(
        'bad-weights',
        `The tensor ${name} is ${slice.shape.join(' x ')}, and the config asks for ${want.join(' x ')}.`,
        'The config and the weights belong to different models; load a matching pair.',
      );
    }
    for (const { buffer, first, from, count } of parts) {
      const begin = Math.max(slice.offset, from);
      const end = Math.min(slice.offset + slice.half.length, from + count);
      if (begin >= end) continue;
      const at = (first + begin - from) * 2;
      const data = slice.half.subarray(begin - slice.offset, end - slice.offset);
      const even = data.length % 2 === 0 ? data : Uint16Array.from([...data, 0]);
      this.gpu.device.queue.writeBuffer(buffer, at, even.buffer, even.byteOffset, even.byteLength);
    }
    this.written.set(name, (this.written.get(name) ?? 0) + slice.half.length);
    this.parameters += slice.half.length;
  }

  /** Throws unless every tensor arrived whole. */
  finish(): void {
    for (const [name, parts] of this.targets) {
      const want = (parts[0]?.shape ?? []).reduce((product, size) => product * size, 1);
      const have = this.written.get(name) ?? 0;
      if (have === want) continue;
      throw new UserError(
        'bad-weights',
        have === 0 ? `The weights lack the tensor ${name}.` : `The tensor ${name} is incomplete.`,
        'Check that all weight files are there and whole.',
        `${have} of ${want} elements`,
      );
    }
  }

  destroy(): void {
    for (const buffer of this.owned) this.gpu.memory.release(buffer);
    this.owned.length = 0;
  }

  private allocate(label: string, elements: number): GPUBuffer {
    const buffer = this.gpu.memory.allocate(
      label,
      elements * 2,
      GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
    );
    this.owned.push(buffer);
    return buffer;
  }

  private expect(name: string, shape: readonly number[], buffer: GPUBuffer, first: number): void {
    const count = shape.reduce((product, size) => product * size, 1);
    this.targets.set(name, [{ buffer, first, shape, from: 0, count }]);
  }

  private vector(name: string, length: number): GPUBuffer {
    const buffer = this.allocate(name, length);
    this.expect(name, [length], buffer, 0);
    return buffer;
  }

  private matrix(name: string, rows: number, cols: number): GPUBuffer {
    const buffer = this.allocate(name, rows * cols);
    this.expect(name, [rows, cols], buffer, 0);
    return buffer;
  }

  private table(name: string, rows: number, cols: number): TablePiece[] {
    const { maxBufferSize, maxStorageBufferBindingSize } = this.gpu.capabilities.limits;
    const most = Math.floor(Math.min(maxBufferSize, maxStorageBufferBindingSize) / (cols * 2));
    const rowsEach = most >= rows ? rows : Math.floor(most / tableAlign) * tableAlign;
    const pieces: TablePiece[] = [];
    const targets: Target[] = [];
    for (let first = 0; first < rows; first += rowsEach) {
      const count = Math.min(rowsEach, rows - first);
      const buffer = this.allocate(`${name} from row ${first}`, count * cols);
      pieces.push({ buffer, first, rows: count });
      targets.push({ buffer, first: 0, shape: [rows, cols], from: first * cols, count: count * cols });
    }
    this.targets.set(name, targets);
    return pieces;
  }
}

/** Some exports of the bare model leave out the `model.` prefix. */
function canonical(name: string): string {
  return name.startsWith('layers.') || name.startsWith('embed_tokens.') || name === 'norm.weight'
    ? `model.${name}`
    : name;
}
