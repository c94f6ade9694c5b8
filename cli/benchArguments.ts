/** Command-line arguments of `bench`. Wrong ones end with code 2 and one clear line. */
import { modelShapes } from '../app/engine/bench/shapes';
import {
  kernelGroups,
  type BenchModelSource,
  type BenchRequest,
  type KernelGroup,
} from '../app/engine/bench/types';
import type { PatternName, PatternRequest } from '../app/engine/types';
import { CliError, settingValue, tierName } from './arguments';

export interface BenchArguments {
  /** null: only Markdown from files. */
  request: BenchRequest | null;
  adapter: 'auto' | 'gpu' | 'software';
  /** Kernels to use instead of the fastest. */
  tier: string | null;
  out: string | null;
  /** Result files to print as Markdown instead of measuring. */
  markdown: string[];
  /** Markdown file whose results section is replaced. */
  into: string | null;
  help: boolean;
}

const shapeNames = Object.keys(modelShapes);

export const usage = `Usage: npm run bench -- [options]

  --suite kernels|prefill         what to measure (default: kernels)
  --tokens N[,N…]                 lengths (default: 8192,32768 for kernels, 2048,8192,32768 for prefill)
  --pattern NAME[,NAME…]          prefill: patterns in the order of the table (default: dense,adaptive);
                                  kernels: sparse patterns whose estimate and index are timed (default: adaptive)
  --set [PATTERN:]key=value       a parameter of that pattern, or of every sparse one; may be repeated
  --model builtin|synthetic:SHAPE prefill (default: builtin): the built-in model on the app's sample text, or seeded
                                  random weights and ids; shapes: ${shapeNames.join(', ')}
  --shape SHAPE                   kernels: heads and widths (default: qwen2.5-0.5b)
  --density D[,D…]                kernels: shares of tiles for sparse attention (default: 0.02,0.1,0.3)
  --only GROUP[,GROUP…]           kernels: of ${kernelGroups.join(', ')} (default: all; ceilings always)
  --rows N                        kernels: rows of the products (default: 4096, on software adapters 64)
  --repeat N                      prefill: runs of each pattern at each length, the median counts (default: 3)
  --dense-up-to N                 prefill: leave dense out above N tokens; it is then reported as not run
  --check-rows N                  prefill: a further, untimed run of each pattern, of which N rows of one layer are compared
                                  with f64 over the very keys that its index covers; code 1 where they differ
  --check-layer N                 prefill: that layer, from 0 (default: one in the middle)
  --seed N                        prefill: of the prompt and of synthetic weights (default: 1)
  --out FILE                      write the result as JSON, after each measurement
  --adapter auto|gpu|software     which WebGPU adapter to ask for (default: auto)
  --tier NAME                     kernels to use instead of the fastest that the adapter has: portable, f16,
                                  f16-subgroups or subgroup-matrix
  --markdown FILE[,FILE…]         measure nothing; print these results as Markdown tables
  --into FILE                     with --markdown: replace the section between the results markers of FILE
  --help
`;

const flags = [
  '--suite',
  '--tokens',
  '--pattern',
  '--model',
  '--shape',
  '--density',
  '--only',
  '--rows',
  '--repeat',
  '--dense-up-to',
  '--check-rows',
  '--check-layer',
  '--seed',
  '--out',
  '--adapter',
  '--tier',
  '--markdown',
  '--into',
] as const;
type Flag = (typeof flags)[number];

/** Options that one suite alone knows. */
const only: Partial<Record<Flag, BenchRequest['suite']>> = {
  '--model': 'prefill',
  '--repeat': 'prefill',
  '--dense-up-to': 'prefill',
  '--check-rows': 'prefill',
  '--check-layer': 'prefill',
  '--seed': 'prefill',
  '--shape': 'kernels',
  '--density': 'kernels',
  '--only': 'kernels',
  '--rows': 'kernels',
};

function isFlag(text: string): text is Flag {
  return (flags as readonly string[]).includes(text);
}

function whole(flag: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < least)
    throw new CliError(`${flag} takes whole numbers from ${least} up, not '${text}'`, 2);
  return value;
}

function list(text: string): string[] {
  return text.split(',').map((part) => part.trim());
}

function lengths(text: string): number[] {
  const tokens = list(text).map((part) => whole('--tokens', part, 1));
  const tooLong = tokens.find((length) => length > 2 ** 20);
  if (tooLong !== undefined) throw new CliError(`--tokens ends at ${2 ** 20}, and ${tooLong} is above`, 2);
  return [...new Set(tokens)].toSorted((a, b) => a - b);
}

function densities(text: string): number[] {
  return list(text).map((part) => {
    const value = Number(part);
    if (part === '' || !(value > 0 && value <= 1))
      throw new CliError(`--density takes shares above 0 and at most 1, not '${part}'`, 2);
    return value;
  });
}

function groups(text: string): KernelGroup[] {
  return list(text).map((name) => {
    const group = kernelGroups.find((known) => known === name);
    if (group === undefined) throw new CliError(`--only takes ${kernelGroups.join(', ')}, not '${name}'`, 2);
    return group;
  });
}

/** Names are checked by the page, which knows the patterns. */
function patternsOf(text: string, settings: readonly string[]): PatternRequest[] {
  const names = [...new Set(list(text))];
  if (names.includes('')) throw new CliError('--pattern takes names, separated by commas', 2);
  const sets = new Map<string, Record<string, string | number | boolean>>(names.map((name) => [name, {}]));
  for (const setting of settings) {
    const [left = '', value] = setting.split(/=(.*)/s, 2);
    const [pattern, key] = left.includes(':') ? left.split(/:(.*)/s, 2) : [null, left];
    if (value === undefined || key === undefined || key === '')
      throw new CliError(`--set takes key=value or pattern:key=value, not '${setting}'`, 2);
    if (pattern !== null && !sets.has(pattern ?? ''))
      throw new CliError(`--set ${setting}: '${pattern}' is not among the patterns`, 2);
    for (const [name, set] of sets) {
      if (pattern === name || (pattern === null && name !== 'dense')) set[key] = settingValue(value);
    }
  }
  return names.map((name) => ({ name: name as PatternName, set: sets.get(name) ?? {} }));
}

function modelOf(text: string, seed: number): BenchModelSource {
  if (text === 'builtin') return { kind: 'builtin' };
  const name = text.startsWith('synthetic:') ? text.slice('synthetic:'.length) : '';
  if (shapeNames.includes(name)) return { kind: 'synthetic', name, seed };
  const models = shapeNames.map((known) => `synthetic:${known}`);
  throw new CliError(`--model is builtin, ${models.join(', ')}, not '${text}'`, 2);
}

function requestOf(options: ReadonlyMap<Flag, string>, settings: readonly string[]): BenchRequest {
  const suite = options.get('--suite') ?? 'kernels';
  if (suite !== 'kernels' && suite !== 'prefill')
    throw new CliError(`--suite is kernels or prefill, not '${suite}'`, 2);
  for (const [flag, wanted] of Object.entries(only)) {
    if (wanted !== suite && options.has(flag as Flag))
      throw new CliError(`${flag} belongs to --suite ${wanted}`, 2);
  }
  if (suite === 'kernels') {
    const shapeName = options.get('--shape') ?? 'qwen2.5-0.5b';
    if (!shapeNames.includes(shapeName))
      throw new CliError(`--shape is one of ${shapeNames.join(', ')}, not '${shapeName}'`, 2);
    const patterns = patternsOf(options.get('--pattern') ?? 'adaptive', settings);
    const chosen = options.get('--only');
    const rows = options.get('--rows');
    return {
      suite,
      shapeName,
      tokens: lengths(options.get('--tokens') ?? '8192,32768'),
      densities: densities(options.get('--density') ?? '0.02,0.1,0.3'),
      patterns: patterns.filter(({ name }) => name !== 'dense'),
      ...(chosen !== undefined && { only: groups(chosen) }),
      ...(rows !== undefined && { rows: whole('--rows', rows, 1) }),
    };
  }
  const seed = whole('--seed', options.get('--seed') ?? '1', 0);
  const denseUpTo = options.get('--dense-up-to');
  const checkRows = options.get('--check-rows');
  const checkLayer = options.get('--check-layer');
  if (checkLayer !== undefined && checkRows === undefined)
    throw new CliError('--check-layer needs --check-rows N', 2);
  return {
    suite,
    model: modelOf(options.get('--model') ?? 'builtin', seed),
    tokens: lengths(options.get('--tokens') ?? '2048,8192,32768'),
    patterns: patternsOf(options.get('--pattern') ?? 'dense,adaptive', settings),
    repeat: whole('--repeat', options.get('--repeat') ?? '3', 1),
    denseUpTo: denseUpTo === undefined ? null : whole('--dense-up-to', denseUpTo, 0),
    seed,
    ...(checkRows !== undefined && { checkRows: whole('--check-rows', checkRows, 1) }),
    ...(checkLayer !== undefined && { checkLayer: whole('--check-layer', checkLayer, 0) }),
  };
}

export function parseBenchArguments(argv: readonly string[]): BenchArguments {
  const options = new Map<Flag, string>();
  const settings: string[] = [];
  let help = false;
  for (let at = 0; at < argv.length; at++) {
    const [flag = '', inline] = (argv[at] ?? '').split(/=(.*)/s, 2);
    if (flag === '--help' || flag === '-h') {
      help = true;
      continue;
    }
    if (flag !== '--set' && !isFlag(flag)) throw new CliError(`unknown option '${flag}' (see --help)`, 2);
    const value = inline ?? argv[++at];
    if (value === undefined) throw new CliError(`${flag} needs a value`, 2);
    if (flag === '--set') settings.push(value);
    else options.set(flag, value);
  }
  const adapter = options.get('--adapter') ?? 'auto';
  if (adapter !== 'auto' && adapter !== 'gpu' && adapter !== 'software')
    throw new CliError(`--adapter is auto, gpu or software, not '${adapter}'`, 2);
  const tier = options.get('--tier');
  const files = options.get('--markdown');
  const into = options.get('--into') ?? null;
  if (into !== null && files === undefined) throw new CliError('--into needs --markdown FILE', 2);
  return {
    request: help || files !== undefined ? null : requestOf(options, settings),
    adapter,
    tier: tier === undefined ? null : tierName(tier),
    out: options.get('--out') ?? null,
    markdown: files === undefined ? [] : list(files),
    into,
    help,
  };
}
