import { activationSize } from '../gpu/capabilities';
import type { Gpu } from '../gpu/device';
import type { ModelConfig } from './config';
import { activationBytes } from './plan';

/** One chunk's activations, reused for every chunk and layer. Sizes in `activationBytes`. */
export class Activations {
  readonly normed: GPUBuffer;
  /** f32 output of the query, or key and value, projection. */
  readonly projected: GPUBuffer;
  /** [head][rows][headDim] half. */
  readonly queries: GPUBuffer;
  /** [row][heads * headDim] half. */
  readonly attended: GPUBuffer;
  readonly gated: GPUBuffer;
  /** Outputs of split row blocks, and their maxima and sums: see `merge_splits`. */
  readonly parts: GPUBuffer;
  readonly stats: GPUBuffer;

  constructor(
    private readonly gpu: Gpu,
    config: ModelConfig,
    readonly rows: number,
  ) {
    const bytes = activationBytes(config, rows, activationSize(gpu.tier));
    const make = (name: string): GPUBuffer => gpu.memory.scratch(name, bytes[name] ?? 0);
    this.normed = make('normed');
    this.projected = make('projected');
    this.queries = make('queries');
    this.attended = make('attended');
    this.gated = make('gated');
    this.parts = make('parts');
    this.stats = make('stats');
  }

  get all(): GPUBuffer[] {
    const { normed, projected, queries, attended, gated, parts, stats } = this;
    return [normed, projected, queries, attended, gated, parts, stats];
  }

  destroy(): void {
    for (const buffer of this.all) this.gpu.memory.release(buffer);
  }
}
