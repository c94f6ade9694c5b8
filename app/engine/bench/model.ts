/** A model for the prefill suite with prompts of exact length. */
import { generateSample } from '../../documents/samples';
import type { Gpu } from '../../gpu/device';
import type { ModelConfig } from '../../model/config';
import type { Transformer } from '../../model/transformer';
import { loadModel } from '../loader';
import type { Tokenizer } from '../tokenizer';
import type { ModelReport } from '../types';
import { syntheticModel } from './synthetic';
import type { BenchHooks, BenchModelSource } from './types';

export interface BenchModel {
  readonly config: ModelConfig;
  readonly transformer: Transformer;
  readonly report: ModelReport;
  /** A prompt of exactly `count` ids; the same seed gives the same ones. */
  ids(count: number, seed: number): Uint32Array<ArrayBuffer>;
  destroy(): void;
}

/** Characters that one call of the tokenizer takes: its time per character grows with the length of the text. */
const pieceCharacters = 50_000;

/** The app's sample report, as long as it must be, through the tokenizer in pieces that end with a paragraph. */
export function sampleIds(
  tokenizer: Pick<Tokenizer, 'encode'>,
  count: number,
  seed: number,
): Uint32Array<ArrayBuffer> {
  const ids = new Uint32Array(count);
  for (let margin = 1.1; ; margin *= 1.5) {
    const { text } = generateSample('report', { tokens: Math.ceil(count * margin) + 64, seed });
    let filled = 0;
    for (let first = 0; first < text.length && filled < count;) {
      const paragraph = text.indexOf('\n\n', first + pieceCharacters);
      const end = paragraph < 0 ? text.length : paragraph;
      const piece = tokenizer.encode(text.slice(first, end)).slice(0, count - filled);
      ids.set(piece, filled);
      filled += piece.length;
      first = end;
    }
    if (filled === count) return ids;
  }
}

export async function openBenchModel(
  gpu: Gpu,
  source: BenchModelSource,
  builtinBase: string,
  hooks: BenchHooks,
): Promise<BenchModel> {
  if (source.kind === 'synthetic') return syntheticModel(gpu, source, hooks);
  const loaded = await loadModel(
    gpu,
    { kind: 'builtin' },
    {
      builtinBase,
      signal: hooks.signal,
      onProgress: ({ stage }) => {
        hooks.onProgress(`built-in model: ${stage}`);
      },
    },
  );
  const { report, config, tokenizer, transformer } = loaded;
  let longest = { seed: NaN, ids: new Uint32Array() };
  return {
    report,
    config,
    transformer,
    ids: (count, seed) => {
      if (longest.seed !== seed || longest.ids.length < count) {
        longest = { seed, ids: sampleIds(tokenizer, count, seed) };
      }
      return longest.ids.slice(0, count);
    },
    destroy: () => {
      loaded.destroy();
    },
  };
}
