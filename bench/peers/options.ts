/** Command-line arguments of the comparison. Wrong ones end with code 2 and one clear line. */
import { parseArgs } from 'node:util';
import { modelShapes, type ModelShape } from '../../app/engine/bench/shapes';
import { CliError, tierName } from '../../cli/arguments';
import type { Variant } from './graph';

export interface Options {
  tokens: number[];
  variants: Variant[];
  only: 'both' | 'ours' | 'theirs';
  shapeName: string;
  /** With the number of layers asked for. */
  shape: ModelShape;
  repeat: number;
  rounds: number;
  seed: number;
  /** Folder with onnxruntime-web's files; null: where npm put them. */
  ort: string | null;
  build: 'webgpu' | 'jspi';
  adapter: 'auto' | 'gpu' | 'software';
  tier: string | null;
  out: string | null;
}

const allVariants: readonly Variant[] = ['f16', 'int4', 'attention'];
const shapeNames = Object.keys(modelShapes).filter((name) => modelShapes[name]?.family === 'qwen2');

export const usage = `Usage: npm run bench:peers -- [options]   (once before: npm ci --prefix bench/peers)

  --tokens N[,N…]          lengths (default: 2048,8192,16384,32768)
  --variants V[,V…]        what of onnxruntime-web: ${allVariants.join(', ')} (default: all)
  --only ours|theirs       leave the other out; there is no ratio then
  --shape NAME             ${shapeNames.join(' or ')} (default: qwen2.5-0.5b)
  --layers N               layers instead of the shape's, for a quick look
  --repeat N               timed runs after each warm-up, the median counts (default: 3)
  --rounds N               times that all engines take their turns (default: 2)
  --seed N                 of weights and inputs (default: 1)
  --ort FOLDER             onnxruntime-web's dist folder, or one with the files that the README lists
  --build webgpu|jspi      which of its builds (default: webgpu, what its users import)
  --adapter auto|gpu|software
  --tier NAME              our kernels: portable, f16, f16-subgroups (default: the fastest without experimental
                           features), subgroup-matrix
  --out FILE               write the result as JSON, after each length
  --help
`;

function whole(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < least || value > most)
    throw new CliError(`${flag} takes whole numbers from ${least} to ${most}, not '${text}'`, 2);
  return value;
}

function oneOf<T extends string>(flag: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((name) => name === text);
  if (found === undefined) throw new CliError(`${flag} is one of ${allowed.join(', ')}, not '${text}'`, 2);
  return found;
}

const list = (text: string): string[] => text.split(',').map((part) => part.trim());

function read(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...argv],
      options: {
        tokens: text,
        variants: text,
        only: text,
        shape: text,
        layers: text,
        repeat: text,
        rounds: text,
        seed: text,
        ort: text,
        build: text,
        adapter: text,
        tier: text,
        out: text,
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new CliError(`${error instanceof Error ? error.message : String(error)} (see --help)`, 2);
  }
}

/** null: help is wanted. */
export function parseOptions(argv: readonly string[]): Options | null {
  const given = read(argv);
  if (given.help) return null;
  const shapeName = oneOf('--shape', given.shape ?? 'qwen2.5-0.5b', shapeNames);
  const shape = modelShapes[shapeName];
  if (!shape) throw new CliError(`--shape has no '${shapeName}'`, 2);
  const layers = whole('--layers', given.layers ?? String(shape.layers), 1, shape.layers);
  const lengths = list(given.tokens ?? '2048,8192,16384,32768').map((part) =>
    whole('--tokens', part, 1, 131_072),
  );
  const only = given.only === undefined ? 'both' : oneOf('--only', given.only, ['ours', 'theirs'] as const);
  if (only === 'ours' && given.variants !== undefined)
    throw new CliError('--variants are of onnxruntime-web, which --only ours leaves out', 2);
  const variants = list(given.variants ?? allVariants.join(',')).map((name) =>
    oneOf('--variants', name, allVariants),
  );
  return {
    tokens: [...new Set(lengths)].toSorted((a, b) => a - b),
    variants: [...new Set(variants)],
    only,
    shapeName,
    shape: { ...shape, layers },
    repeat: whole('--repeat', given.repeat ?? '3', 1, 100),
    rounds: whole('--rounds', given.rounds ?? '2', 1, 100),
    seed: whole('--seed', given.seed ?? '1', 0, 2 ** 24),
    ort: given.ort ?? null,
    build: oneOf('--build', given.build ?? 'webgpu', ['webgpu', 'jspi'] as const),
    adapter: oneOf('--adapter', given.adapter ?? 'auto', ['auto', 'gpu', 'software'] as const),
    tier: given.tier === undefined ? null : tierName(given.tier),
    out: given.out ?? null,
  };
}
