/** Command-line arguments of `compare`, as design 8 names them. Wrong ones end with code 2 and one clear line. */
import { readFileSync } from 'node:fs';
import { allTiers } from '../app/gpu/capabilities';

/** Exit codes: 0 done, 2 bad arguments, 3 no WebGPU adapter, 1 anything else. */
export class CliError extends Error {
  constructor(
    message: string,
    readonly exitCode: 1 | 2 | 3,
  ) {
    super(message);
    this.name = 'CliError';
  }
}

export interface CompareArguments {
  model: string;
  document: string | null;
  question: string | null;
  tokens: number | null;
  questionTokens: number | null;
  pattern: string;
  set: Record<string, string>;
  maxNewTokens: number;
  sampling: { temperature: number; topP: number; seed: number };
  order: 'dense-first' | 'sparse-first';
  /** Run dense too, leave it out, or project its time from a sample. */
  dense: boolean | 'projected';
  idsFile: string | null;
  attention: string | null;
  out: string | null;
  /** Measure the pattern by head after the runs. */
  heads: boolean;
  /** 'auto': a GPU if there is one, else software. */
  adapter: 'auto' | 'gpu' | 'software';
  /** Kernels to use instead of the fastest. */
  tier: string | null;
  help: boolean;
}

export const usage = `Usage: npm run compare -- [options]

  --model builtin|FOLDER|HUB_ID   model (default: builtin)
  --document FILE                 document (default: a sample report)
  --question TEXT                 question (default: the sample's)
  --tokens N                      prompt tokens; the sample document is made this long, a file is cut to it
  --question-tokens N             tokens left for the question where the document is cut, as the page leaves 128
  --pattern NAME                  dense, a_shape, vertical_slash, … (default: adaptive)
  --set key=value                 a parameter of the pattern; may be repeated; key=@FILE takes the file's text
                                  (minference: --set config=@heads.json)
  --max-new-tokens N              answer tokens (default: 32)
  --temperature N, --top-p N, --seed N
                                  sampling (default: 0, greedy; 1; 0)
  --order dense-first|sparse-first  which run goes first (default: dense-first)
  --dense yes|no|projected        run dense too (default: yes); no leaves it out: no speed-up and no fidelity then;
                                  projected measures a sample of its attention and projects its time from that
  --no-dense                      the same as --dense no
  --ids FILE                      prompt as a JSON array of token ids instead of text
  --attention FOLDER              one attention alone, on q.f16, k.f16, v.f16 ([head][token][dim], little-endian f16)
                                  and shape.json ({tokens, heads, headDim}) of that folder, with --pattern and --set;
                                  writes blocks and columns ([head][row block of 64]) to --out FILE, and the output
                                  as little-endian f32 [head][token][dim] to FILE.out.f32. fallback is off and budget
                                  classic here if not set
  --heads                         measure the pattern by layer and head too, in an untimed prefill after the runs:
                                  density, attention mass kept and output error, and which tokens the last rows
                                  looked at, as 'heads' in the JSON
  --out FILE                      write the result as JSON
  --adapter auto|gpu|software     which WebGPU adapter to ask for (default: auto)
  --tier NAME                     kernels to use instead of the fastest that the adapter has: portable, f16,
                                  f16-subgroups or subgroup-matrix
  --help
`;

export function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new CliError(`${name} must be a whole number from 1 up, not '${text}'`, 2);
  return value;
}

export function tierName(text: string): string {
  if (!allTiers.some((tier) => tier === text))
    throw new CliError(`--tier is one of ${allTiers.join(', ')}, not '${text}'`, 2);
  return text;
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < 0 || value > 4_294_967_295)
    throw new CliError(`${name} must be a whole number from 0 to 4294967295, not '${text}'`, 2);
  return value;
}

function amount(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= least && value <= most))
    throw new CliError(`${name} must be from ${least} to ${most}, not '${text}'`, 2);
  return value;
}

function denseMode(name: string, text: string): CompareArguments['dense'] {
  if (text === 'projected') return text;
  if (text === 'yes' || text === 'no') return text === 'yes';
  throw new CliError(`${name} is yes, no or projected, not '${text}'`, 2);
}

export function parseArguments(argv: readonly string[]): CompareArguments {
  const parsed: CompareArguments = {
    model: 'builtin',
    document: null,
    question: null,
    tokens: null,
    questionTokens: null,
    pattern: 'adaptive',
    set: {},
    maxNewTokens: 32,
    sampling: { temperature: 0, topP: 1, seed: 0 },
    order: 'dense-first',
    dense: true,
    idsFile: null,
    attention: null,
    out: null,
    heads: false,
    adapter: 'auto',
    tier: null,
    help: false,
  };
  for (let at = 0; at < argv.length; at++) {
    const [flag = '', inline] = (argv[at] ?? '').split(/=(.*)/s, 2);
    if (flag === '--help' || flag === '-h') {
      parsed.help = true;
      continue;
    }
    if (flag === '--heads' || flag === '--no-dense') {
      if (inline !== undefined) throw new CliError(`${flag} takes no value`, 2);
      if (flag === '--heads') parsed.heads = true;
      else parsed.dense = false;
      continue;
    }
    const value = (): string => {
      const text = inline ?? argv[++at];
      if (text === undefined) throw new CliError(`${flag} needs a value`, 2);
      return text;
    };
    switch (flag) {
      case '--model':
        parsed.model = value();
        break;
      case '--document':
        parsed.document = value();
        break;
      case '--question':
        parsed.question = value();
        break;
      case '--tokens':
        parsed.tokens = positive(flag, value());
        break;
      case '--question-tokens':
        parsed.questionTokens = positive(flag, value());
        break;
      case '--pattern':
        parsed.pattern = value();
        break;
      case '--set': {
        const text = value();
        const [key = '', setting] = text.split(/=(.*)/s, 2);
        if (key === '' || setting === undefined)
          throw new CliError(`--set takes key=value, not '${text}'`, 2);
        parsed.set[key] = setting;
        break;
      }
      case '--max-new-tokens':
        parsed.maxNewTokens = positive(flag, value());
        break;
      case '--temperature':
        parsed.sampling.temperature = amount(flag, value(), 0, 10);
        break;
      case '--top-p':
        parsed.sampling.topP = amount(flag, value(), 0.01, 1);
        break;
      case '--seed':
        parsed.sampling.seed = whole(flag, value());
        break;
      case '--order': {
        const order = value();
        if (order !== 'dense-first' && order !== 'sparse-first')
          throw new CliError(`--order is dense-first or sparse-first, not '${order}'`, 2);
        parsed.order = order;
        break;
      }
      case '--ids':
        parsed.idsFile = value();
        break;
      case '--attention':
        parsed.attention = value();
        break;
      case '--out':
        parsed.out = value();
        break;
      case '--dense':
        parsed.dense = denseMode(flag, value());
        break;
      case '--tier':
        parsed.tier = tierName(value());
        break;
      case '--adapter': {
        const kind = value();
        if (kind !== 'auto' && kind !== 'gpu' && kind !== 'software') {
          throw new CliError(`--adapter is auto, gpu or software, not '${kind}'`, 2);
        }
        parsed.adapter = kind;
        break;
      }
      default:
        throw new CliError(`unknown option '${flag}' (see --help)`, 2);
    }
  }
  if (parsed.dense !== true && parsed.pattern === 'dense')
    throw new CliError(
      parsed.dense
        ? '--dense projected needs a sparse pattern: --pattern dense runs dense itself'
        : '--no-dense leaves nothing to run with --pattern dense',
      2,
    );
  if (parsed.heads && parsed.attention !== null)
    throw new CliError('--heads measures a prefill and cannot be combined with --attention', 2);
  return parsed;
}

/**
 * Setting values as the patterns take them: numbers and booleans where the text reads as one; @FILE is the text of that
 * file, relative to the working directory.
 */
export function settingValue(text: string): string | number | boolean {
  if (text.startsWith('@')) return readSetting(text.slice(1));
  if (text === 'true' || text === 'false') return text === 'true';
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

export function settingValues(
  set: Readonly<Record<string, string>>,
): Record<string, string | number | boolean> {
  return Object.fromEntries(Object.entries(set).map(([key, text]) => [key, settingValue(text)]));
}

function readSetting(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CliError(`'${path}' cannot be read (${(error as NodeJS.ErrnoException).code})`, 2);
  }
}

/** A pattern with its settings; `label` is how it was asked for. */
export interface PatternRun {
  label: string;
  name: string;
  set: Record<string, string | number | boolean>;
}

/** NAME[:key=value,…] as `--run` takes it; a colon separates as well as a comma. */
export function parseRun(text: string): PatternRun {
  // Only before a further key: values may hold commas and colons.
  const [name = '', ...settings] = text.split(/[:,](?=\w+=)/);
  if (!/^\w+$/.test(name)) throw new CliError(`--run wants NAME:key=value, not '${text}'`, 2);
  const set = Object.fromEntries(
    settings.map((setting) => {
      const [key = '', value = ''] = setting.split(/=(.*)/s, 2);
      return [key, settingValue(value)];
    }),
  );
  return { label: text, name, set };
}
