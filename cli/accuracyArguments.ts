/** Command-line arguments of `accuracy`. Wrong ones end with code 2 and one clear line. */
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { patterns } from '../app/state/patterns';
import { CliError, parseRun, tierName, type PatternRun } from './arguments';

export interface AccuracyArguments {
  /** File of prompts, JSON lines. */
  prompts: string;
  runs: PatternRun[];
  dense: boolean;
  /** Prompts of more tokens than this are not answered dense; null for no bound. */
  denseUpTo: number | null;
  /** What a sparse pattern reads at once. */
  prefill: 'document' | 'prompt';
  newTokens: number;
  /** Seconds from the start of the command; null for as long as it takes. */
  timeLimit: number | null;
  model: string;
  out: string | null;
  adapter: 'auto' | 'gpu' | 'software';
  /** Kernels to use instead of the fastest. */
  tier: string | null;
}

export const usage = `Usage: npm run accuracy -- --prompts FILE [options]

  --prompts FILE                  prompts, one JSON object a line: task, length (tokens), document or documentFile (a
                                  text file beside FILE), question, answer, and said if at hand (what PyTorch decoded
                                  greedily). A first line {"meta": …} goes into the result as it is
  --run NAME[:key=value,…]        a pattern with its settings; may be repeated (default: adaptive)
  --no-dense                      leave dense out
  --dense-up-to N                 leave dense out for prompts whose length is above N
  --prefill document|prompt       document (default): a pattern reads a document once, without a question, and answers
                                  each question of consecutive lines from what it kept; prompt: it reads document and
                                  question together, for each question anew, so that patterns which choose by the last
                                  queries see the question. Dense reads a document once either way: it is the same
  --new-tokens N                  answer tokens at most, 1 to 1024 (default: 64)
  --time-limit SECONDS            from the start of the command; what was done until then is reported
  --model builtin|FOLDER|HUB_ID   model (default: builtin)
  --out FILE                      write every answer as JSON, after each document and pattern
  --adapter auto|gpu|software     which WebGPU adapter to ask for (default: auto)
  --tier NAME                     kernels to use instead of the fastest that the adapter has: portable, f16,
                                  f16-subgroups or subgroup-matrix
  --help

An answer is right if the model ended it by itself and it equals the wanted one but for space around it; of the task
'several', a list, the values may stand in any order.
`;

const flags = [
  '--prompts',
  '--dense-up-to',
  '--prefill',
  '--new-tokens',
  '--time-limit',
  '--model',
  '--out',
  '--adapter',
  '--tier',
] as const;
type Flag = (typeof flags)[number];

function isFlag(text: string): text is Flag {
  return (flags as readonly string[]).includes(text);
}

function whole(flag: Flag, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < least || value > most)
    throw new CliError(`${flag} must be a whole number from ${least} to ${most}, not '${text}'`, 2);
  return value;
}

function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw new CliError(`--time-limit must be seconds above 0, not '${text}'`, 2);
  return value;
}

function oneOf<Value extends string>(flag: Flag, text: string, of: readonly Value[]): Value {
  const found = of.find((value) => value === text);
  if (found === undefined) throw new CliError(`${flag} is ${of.join(' or ')}, not '${text}'`, 2);
  return found;
}

function outFile(path: string): string {
  if (existsSync(path) && statSync(path).isDirectory())
    throw new CliError(`--out must be a file, and '${path}' is a folder`, 2);
  if (!existsSync(dirname(path)))
    throw new CliError(`--out: the folder '${dirname(path)}' does not exist`, 2);
  return path;
}

/** What the page would refuse later, or what would stand in the table as two of one. */
function refuseRuns(runs: readonly PatternRun[]): void {
  const labels = new Set<string>();
  for (const { label, name } of runs) {
    if (name === 'dense')
      throw new CliError('--run dense is not needed: dense runs unless --no-dense leaves it out', 2);
    if (!patterns.some((pattern) => pattern.name === name)) {
      const known = patterns.map((pattern) => pattern.name).filter((pattern) => pattern !== 'dense');
      throw new CliError(`--run is one of ${known.join(', ')}, not '${name}'`, 2);
    }
    if (labels.has(label)) throw new CliError(`--run ${label} is given twice`, 2);
    labels.add(label);
  }
}

/** Null where help is asked for. */
export function parseAccuracyArguments(argv: readonly string[]): AccuracyArguments | null {
  const given = new Map<Flag, string>();
  const runs: PatternRun[] = [];
  let dense = true;
  for (let at = 0; at < argv.length; at++) {
    const [flag = '', inline] = (argv[at] ?? '').split(/=(.*)/s, 2);
    if (flag === '--help' || flag === '-h') return null;
    if (flag === '--no-dense') {
      if (inline !== undefined) throw new CliError('--no-dense takes no value', 2);
      dense = false;
      continue;
    }
    if (flag !== '--run' && !isFlag(flag)) throw new CliError(`unknown option '${flag}' (see --help)`, 2);
    const value = inline ?? argv[++at];
    if (value === undefined || value === '') throw new CliError(`${flag} needs a value`, 2);
    if (flag === '--run') runs.push(parseRun(value));
    else if (given.has(flag)) throw new CliError(`${flag} is given twice`, 2);
    else given.set(flag, value);
  }
  if (runs.length === 0) runs.push(parseRun('adaptive'));
  refuseRuns(runs);
  const prompts = given.get('--prompts');
  if (prompts === undefined) throw new CliError('--prompts FILE is needed (see --help)', 2);
  const denseUpTo = given.get('--dense-up-to');
  if (!dense && denseUpTo !== undefined)
    throw new CliError('--dense-up-to says where dense runs, and --no-dense that it never does', 2);
  const timeLimit = given.get('--time-limit');
  const out = given.get('--out');
  const tier = given.get('--tier');
  return {
    prompts,
    runs,
    dense,
    denseUpTo: denseUpTo === undefined ? null : whole('--dense-up-to', denseUpTo, 0, 2 ** 31),
    prefill: oneOf('--prefill', given.get('--prefill') ?? 'document', ['document', 'prompt']),
    newTokens: whole('--new-tokens', given.get('--new-tokens') ?? '64', 1, 1_024),
    timeLimit: timeLimit === undefined ? null : seconds(timeLimit),
    model: given.get('--model') ?? 'builtin',
    out: out === undefined ? null : outFile(out),
    adapter: oneOf('--adapter', given.get('--adapter') ?? 'auto', ['auto', 'gpu', 'software']),
    tier: tier === undefined ? null : tierName(tier),
  };
}
