/** onnxruntime-web at a length: every configuration that its users have is checked, tried, and the fastest kept. */
import type { Page } from 'playwright';
import { halfToFloat } from '../../app/model/dtypes';
import { buildFiles, type Folder } from './folder';
import { attentionGraph, decoderGraph, sizesOf, type Variant } from './graph';
import { attentionReference, decoderReference } from './layer';
import { encodeModel, type ModelProto } from './onnx';
import type { Options } from './options';
import { runPeer, type Mode, type PeerTimes } from './ortInPage';
import { floatBytes, randomValues, type Float } from './weights';

export interface Configuration {
  mode: Mode;
  /** One product for queries, keys and values. */
  packed: boolean;
  /** MatMulNBits' accuracy level; int4 alone. */
  accuracy?: 0 | 4;
}

export interface Trial {
  configuration: Configuration;
  /** Relative RMS difference to f64 of the check; null where it could not run. */
  error: number | null;
  samples: number[];
  /** Why it has no samples. */
  failed?: string;
}

export interface PeerMeasurement {
  variant: Variant;
  /** The fastest configuration, and the median of all its samples; null where none works. */
  best: { configuration: Configuration; ms: number; tokensPerSecond: number } | null;
  trials: Trial[];
}

/** What the page is served and can do. */
export interface Place {
  /** A new tab of an empty page of the site. */
  openTab: () => Promise<Page>;
  folder: Folder;
  /** URL of the folder, with a slash. */
  base: string;
  float: Float;
  software: boolean;
}

/** A row block: every operator has run, and f64 on a CPU takes a second or two. */
const checkTokens = 64;
/** Relative RMS differences that rounding explains; int4 products may round activations to 8 bits as well. */
const tolerances = { f32: 1e-3, f16: 2e-2, int4: 5e-2 };

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

/** Where the search for the fastest begins: files from the Hub as they are, and what fuses most by its source. */
function startsOf(variant: Variant): [Configuration, Configuration] {
  const own = { ...(variant === 'int4' && { accuracy: 4 as const }) };
  const packed = variant !== 'attention';
  return [
    { mode: 'dynamic', packed: false, ...own },
    { mode: 'shared', packed, ...own },
  ];
}

/** Applied in turn to the fastest configuration so far, and kept where it is faster still. */
function changesOf(variant: Variant): ((from: Configuration) => Configuration)[] {
  return [
    (from) => ({ ...from, mode: 'fixed' }),
    ...(variant === 'attention' ? [] : [(from: Configuration) => ({ ...from, packed: !from.packed })]),
    ...(variant === 'int4' ? [(from: Configuration) => ({ ...from, accuracy: 0 as const })] : []),
  ];
}

const keyOf = (configuration: Configuration): string => JSON.stringify(configuration);

/** Relative RMS difference; NaN where a value is not finite. */
export function difference(values: ArrayLike<number>, wanted: ArrayLike<number>): number {
  let squares = 0;
  let norm = 0;
  for (let at = 0; at < wanted.length; at++) {
    squares += ((values[at] ?? NaN) - (wanted[at] ?? NaN)) ** 2;
    norm += (wanted[at] ?? NaN) ** 2;
  }
  return Math.sqrt(squares / norm);
}

export class Theirs {
  version = '';
  features: string[] = [];
  private readonly errors = new Map<string, number>();
  private readonly references = new Map<Variant, Float64Array>();
  private tab: Page | null = null;
  private readonly sizes = new Map<string, ReturnType<typeof sizesOf>>();
  private readonly inputs: Float32Array;

  constructor(
    private readonly place: Place,
    private readonly options: Options,
    private readonly log: (line: string) => void,
  ) {
    const most = Math.max(checkTokens, ...options.tokens);
    this.inputs = randomValues(most * options.shape.hidden, 1, options.seed * 16 + 15);
  }

  /** Tries configurations at a length. */
  async tune(variant: Variant, tokens: number): Promise<PeerMeasurement> {
    const trials: Trial[] = [];
    const attempt = async (configuration: Configuration): Promise<Trial> => {
      const trial = await this.attempt(variant, tokens, configuration);
      trials.push(trial);
      return trial;
    };
    const faster = (a: Trial, b: Trial): Trial => (timeOf(b) < timeOf(a) ? b : a);
    const [plain, fused] = startsOf(variant);
    let fastest = faster(await attempt(plain), await attempt(fused));
    for (const change of changesOf(variant))
      fastest = faster(fastest, await attempt(change(fastest.configuration)));
    return { variant, best: bestOf(fastest, tokens), trials };
  }

  /** More runs of the fastest configuration, in a later round. */
  async again({ variant, best, trials }: PeerMeasurement, tokens: number): Promise<PeerMeasurement> {
    const chosen = trials.find((trial) => trial.configuration === best?.configuration);
    if (!chosen) return { variant, best, trials };
    const { samples } = await this.attempt(variant, tokens, chosen.configuration);
    const more = { ...chosen, samples: [...chosen.samples, ...samples] };
    const others = trials.map((trial) => (trial === chosen ? more : trial));
    return { variant, best: bestOf(more, tokens), trials: others };
  }

  async close(): Promise<void> {
    await this.tab?.close();
    this.tab = null;
  }

  private async attempt(variant: Variant, tokens: number, configuration: Configuration): Promise<Trial> {
    const { mode, packed, accuracy } = configuration;
    const name = [
      variant,
      mode,
      packed ? 'packed' : '',
      accuracy === undefined ? '' : `accuracy ${accuracy}`,
    ];
    this.log(`onnxruntime-web, ${tokens} tokens: ${name.filter(Boolean).join(', ')}`);
    let error: number | null = null;
    try {
      error = await this.check(variant, configuration);
      const times = await this.run(variant, configuration, {
        tokens,
        rows: 1,
        layers: this.options.shape.layers,
      });
      this.version = times.version;
      this.features = times.features;
      if (!this.floats(times.result).every(Number.isFinite)) throw new Error('the last row is not finite');
      return { configuration, error, samples: times.samples };
    } catch (failure) {
      const failed = reasonOf(failure);
      this.log(`  ${failed}`);
      // What failed may have left onnxruntime unable to do anything else.
      await this.close();
      return { configuration, error, samples: [], failed };
    }
  }

  /** Throws where one layer of a short sequence is not what f64 gives: a peer that computes garbage is no peer. */
  private async check(variant: Variant, configuration: Configuration): Promise<number> {
    const key = `${variant} ${keyOf(configuration)}`;
    const size = { tokens: checkTokens, rows: checkTokens, layers: 1 };
    const known = this.errors.get(key);
    const error =
      known ??
      difference(this.floats((await this.run(variant, configuration, size)).result), this.reference(variant));
    this.errors.set(key, error);
    const tolerance = tolerances[variant === 'int4' ? 'int4' : this.place.float];
    if (error <= tolerance) return error;
    throw new Error(`differs from f64 by ${error.toExponential(1)}, more than ${tolerance}`);
  }

  private reference(variant: Variant): Float64Array {
    const { shape, seed } = this.options;
    const known = this.references.get(variant);
    if (known) return known;
    const { heads, kvHeads, headDim, hidden } = shape;
    const rows = (width: number): Float32Array => this.inputs.subarray(0, checkTokens * width);
    const made =
      variant === 'attention'
        ? attentionReference(
            shape,
            [rows(heads * headDim), rows(kvHeads * headDim), rows(kvHeads * headDim)],
            checkTokens,
          )
        : decoderReference({ ...shape, layers: 1 }, seed, variant === 'int4', rows(hidden), checkTokens);
    this.references.set(variant, made);
    return made;
  }

  private async run(
    variant: Variant,
    { mode, packed, accuracy }: Configuration,
    { tokens, rows, layers }: { tokens: number; rows: number; layers: number },
  ): Promise<PeerTimes> {
    const { options, place } = this;
    const { folder, base, float } = place;
    const shape = { ...options.shape, layers };
    const most = Math.max(checkTokens, ...options.tokens);
    const shared = mode === 'shared';
    const common = { shape, float, most, seed: options.seed, packed, shared };
    const graph = (): ModelProto =>
      variant === 'attention'
        ? attentionGraph(common)
        : decoderGraph({ ...common, int4: variant === 'int4' ? { accuracy: accuracy ?? 4 } : null });
    const parts = [
      variant,
      `${layers}-layers`,
      packed ? 'packed' : 'plain',
      `accuracy-${accuracy ?? 'none'}`,
    ];
    const name = `${parts.join('.')}.onnx`;
    let sizes = this.sizes.get(name);
    if (!sizes) {
      const model = graph();
      folder.add(name, () => encodeModel(model));
      sizes = sizesOf(model);
      this.sizes.set(name, sizes);
    }
    const inputs = folder.add('inputs.bin', () => floatBytes(this.inputs, float));
    this.tab ??= await place.openTab();
    await this.tab.bringToFront();
    return runPeer(this.tab, {
      module: `${base}${buildFiles[options.build].module}`,
      folder: base,
      model: `${base}${name}`,
      // Queries, keys and values of the attention alone are the same numbers, cut into rows of their widths.
      data: Object.fromEntries(Object.keys(sizes.inputs).map((input) => [input, `${base}${inputs}`])),
      tokens,
      dtype: float === 'f16' ? 'float16' : 'float32',
      ...sizes,
      result: variant === 'attention' ? 'layer.0/attention' : 'normed',
      rows,
      mode,
      subgroups: !place.software,
      repeat: options.repeat,
    });
  }

  private floats(bytes: readonly number[]): Float64Array {
    const { buffer } = Uint8Array.from(bytes);
    return this.place.float === 'f16'
      ? Float64Array.from(new Uint16Array(buffer), halfToFloat)
      : Float64Array.from(new Float32Array(buffer));
  }
}

/** onnxruntime's own words, without where they were said. */
function reasonOf(failure: unknown): string {
  const [line = ''] = (failure instanceof Error ? failure.message : String(failure)).split('\n');
  return line
    .replace(/^page\.evaluate: (Error: )?/, '')
    .replace(/ERROR_MESSAGE: \/\S+ .*\[ONNXRuntimeError\]/, '');
}

const timeOf = ({ samples }: Trial): number => (samples.length > 0 ? median(samples) : Infinity);

function bestOf(trial: Trial, tokens: number): PeerMeasurement['best'] {
  if (trial.samples.length === 0) return null;
  const ms = median(trial.samples);
  return { configuration: trial.configuration, ms, tokensPerSecond: (1000 * tokens) / ms };
}
