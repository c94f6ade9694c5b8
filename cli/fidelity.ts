/**
 * `npm run fidelity`: what skipping costs, over many documents. Each document's dense run is compared with every pattern
 * asked for; a table of pattern by length, and JSON with every figure behind it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Page } from 'playwright';
import type { CompareResult } from '../app/engine/types';
import { tierText } from '../app/exports/tierText';
import { generateSample, type SampleKind } from '../app/documents/samples';
import { CliError, parseRun, positive, type PatternRun } from './arguments';
import { ensureChromium, openPage } from './browser';
import { compareInPage, type CliRequest } from './compareInPage';
import { buildIfNeeded, serveSite } from './site';

const usage = `Usage: npm run fidelity -- [options]

  --tokens N[,N…]                 lengths (default: 8192)
  --documents N                   documents a length: reports, logs and records in turn (default: 20)
  --run NAME[:key=value,…]        a pattern with its settings; may be repeated (default: adaptive)
  --seed N                        of the first document (default: 1000)
  --max-new-tokens N              answer tokens (default: 12)
  --recall on|off                 measure every head too, in an untimed prefill: the share of the dense attention mass of
                                  sampled rows that the pattern keeps (default: on)
  --model HUB_ID                  (default: the built-in model)
  --out FILE                      write every run as JSON
  --adapter auto|gpu|software
  --table FILE[,FILE…]            measure nothing; print the table of these results
  --help
`;

interface Options {
  tokens: number[];
  documents: number;
  runs: PatternRun[];
  seed: number;
  maxNewTokens: number;
  recall: boolean;
  model: string;
  out: string | null;
  adapter: 'auto' | 'gpu' | 'software';
  table: string[];
}

/** One document under one pattern. */
export interface FidelityRow {
  label: string;
  tokens: number;
  kind: SampleKind;
  seed: number;
  density: number;
  /** Share of dense attention mass kept on sampled rows: mean over all heads, and of the head that keeps least. */
  recall?: number;
  leastRecall?: number;
  kl: number;
  top1Agree: boolean;
  foundDense: boolean;
  foundSparse: boolean;
  sameAnswer: boolean;
  ttft: number;
  attention: number | null;
  note?: string;
}

function parse(argv: readonly string[]): Options | null {
  const options: Options = {
    tokens: [8_192],
    documents: 20,
    runs: [],
    seed: 1_000,
    maxNewTokens: 12,
    recall: true,
    model: 'builtin',
    out: null,
    adapter: 'auto',
    table: [],
  };
  for (let at = 0; at < argv.length; at += 2) {
    const [flag = '', value] = argv.slice(at, at + 2);
    if (flag === '--help') return null;
    if (value === undefined) throw new CliError(`${flag} needs a value`, 2);
    if (flag === '--tokens') options.tokens = value.split(',').map((text) => positive(flag, text));
    else if (flag === '--documents') options.documents = positive(flag, value);
    else if (flag === '--run') options.runs.push(parseRun(value));
    else if (flag === '--seed') options.seed = positive(flag, value);
    else if (flag === '--max-new-tokens') options.maxNewTokens = positive(flag, value);
    else if (flag === '--recall' && (value === 'on' || value === 'off')) options.recall = value === 'on';
    else if (flag === '--model') options.model = value;
    else if (flag === '--out') options.out = value;
    else if (flag === '--table') options.table = value.split(',');
    else if (flag === '--adapter' && (value === 'auto' || value === 'gpu' || value === 'software'))
      options.adapter = value;
    else throw new CliError(`unknown option: ${flag} ${value} (see --help)`, 2);
  }
  if (options.runs.length === 0) options.runs.push(parseRun('adaptive'));
  return options;
}

const kinds = ['report', 'log', 'records'] as const;

/** Shares of the length that stay free for the question: characters a token vary with the text by some per cent. */
const rooms = [0.06, 0.12, 0.2, 0.3];

function documentOf(tokens: number, seed: number, room: number) {
  const kind = kinds[seed % kinds.length] ?? 'report';
  return generateSample(kind, { tokens: Math.max(120, tokens - 60 - Math.round(tokens * room)), seed });
}

/** What `attempt` gives for the first of `choices` that it takes; null if it takes none. */
async function firstThatFits<Choice, Result>(
  choices: readonly Choice[],
  attempt: (choice: Choice) => Promise<Result | null>,
): Promise<Result | null> {
  for (const choice of choices) {
    const result = await attempt(choice);
    if (result !== null) return result;
  }
  return null;
}

function rowOf(
  label: string,
  tokens: number,
  document: { kind: SampleKind; seed: number; answer: string },
  result: CompareResult,
): FidelityRow {
  const [dense, sparse] = result.runs;
  const { fidelity, speedup, heads } = result;
  if (!dense || !sparse || !fidelity || !speedup) throw new Error('a run is missing');
  return {
    label,
    tokens,
    kind: document.kind,
    seed: document.seed,
    density: sparse.density,
    ...(heads && { recall: mean(heads.recall.flat()), leastRecall: Math.min(...heads.recall.flat()) }),
    kl: fidelity.kl,
    top1Agree: fidelity.top1Agree,
    foundDense: dense.answer.includes(document.answer),
    foundSparse: sparse.answer.includes(document.answer),
    sameAnswer: fidelity.firstDivergence === null,
    ttft: speedup.ttft,
    attention: speedup.attention,
    ...(sparse.note !== undefined && { note: sparse.note }),
  };
}

function readRows(path: string): FidelityRow[] {
  try {
    const { rows } = JSON.parse(readFileSync(path, 'utf8')) as { rows: FidelityRow[] };
    return rows;
  } catch {
    throw new CliError(`'${path}' is no result of npm run fidelity`, 2);
  }
}

const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
/** Of a measure that older results lack. */
const known = (values: (number | undefined)[], of: (values: number[]) => number): string => {
  const all = values.flatMap((value) => value ?? []);
  return all.length === values.length ? of(all).toFixed(4) : '–';
};
const share = (values: boolean[]): string => `${values.filter(Boolean).length}/${values.length}`;

/** The table of pattern by length, as Markdown. */
export function fidelityTable(rows: readonly FidelityRow[]): string {
  const groups = new Map<string, FidelityRow[]>();
  for (const row of rows) {
    const key = `${row.tokens} ${row.label}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const lines = [...groups.values()].map((group) => {
    const kls = group.map(({ kl }) => kl);
    const first = group[0];
    return `| ${[
      first?.tokens.toLocaleString('en') ?? '',
      first?.label ?? '',
      mean(group.map(({ density }) => density)).toFixed(3),
      known(
        group.map(({ recall }) => recall),
        mean,
      ),
      known(
        group.map(({ leastRecall }) => leastRecall),
        (values) => Math.min(...values),
      ),
      mean(kls).toExponential(1),
      median(kls).toExponential(1),
      Math.max(...kls).toExponential(1),
      share(group.map(({ top1Agree }) => top1Agree)),
      share(group.map(({ sameAnswer }) => sameAnswer)),
      share(group.map(({ foundDense }) => foundDense)),
      share(group.map(({ foundSparse }) => foundSparse)),
      median(group.map(({ ttft }) => ttft)).toFixed(2),
      median(group.map(({ attention }) => attention ?? NaN)).toFixed(2),
    ].join(' | ')} |`;
  });
  return [
    '| tokens | pattern | density | recall | least head | KL mean | median | worst | top-1 | same answer | found dense | found sparse | TTFT x | attention x |',
    `|${' --- |'.repeat(14)}`,
    ...lines,
  ].join('\n');
}

/** Every document with every pattern, then their table. */
async function measure(page: Page, options: Options, log: (line: string) => void): Promise<void> {
  const rows: FidelityRow[] = [];
  let origin: Pick<CompareResult, 'commit' | 'browser' | 'adapter'> | undefined;
  await page.waitForFunction(() => 'playground' in window, undefined, { timeout: 60_000 });
  const source: CliRequest['source'] =
    options.model === 'builtin' ? { kind: 'builtin' } : { kind: 'hub', id: options.model };
  const compare = await compareInPage(page, source, () => undefined, log);
  for (const tokens of options.tokens) {
    for (let at = 0; at < options.documents; at++) {
      const seed = options.seed + at;
      const run = ({ name, set }: PatternRun, sample: ReturnType<typeof documentOf>) =>
        compare({
          prompt: { document: sample.text, question: sample.question, tokens },
          pattern: { name, set },
          maxNewTokens: options.maxNewTokens,
          reuseDense: true,
          measureHeads: options.recall,
        });
      const results = await firstThatFits(rooms, async (room) => {
        const sample = { ...documentOf(tokens, seed, room), seed };
        const all: { row: FidelityRow; result: CompareResult }[] = [];
        for (const wanted of options.runs) {
          const result = await run(wanted, sample);
          // A document that was cut may have lost its fact: a shorter one is made.
          if (result.prompt.truncated) return null;
          all.push({ row: rowOf(wanted.label, tokens, sample, result), result });
        }
        return all;
      });
      if (!results) throw new CliError(`document ${seed} does not fit ${tokens} tokens`, 1);
      for (const { row, result } of results) {
        rows.push(row);
        const { commit, browser, adapter } = result;
        origin = { commit, browser, adapter };
      }
      // After each document, so that a run that is cut off keeps what it had.
      if (options.out !== null) {
        const document = { version: 1, date: new Date().toISOString(), ...origin, rows };
        writeFileSync(options.out, `${JSON.stringify(document, null, 1)}\n`);
      }
      log(`${tokens} tokens: document ${at + 1} of ${options.documents}`);
    }
  }
  if (origin) {
    const { adapter } = origin;
    console.log(
      `${adapter.vendor} ${adapter.description} (${tierText(adapter)})${adapter.software ? ' — software adapter, times are not performance' : ''}\n`,
    );
  }
  console.log(fidelityTable(rows));
}

async function main(argv: readonly string[]): Promise<void> {
  const options = parse(argv);
  if (!options) {
    console.log(usage);
    return;
  }
  if (options.table.length > 0) {
    console.log(fidelityTable(options.table.flatMap(readRows)));
    return;
  }
  const log = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  await buildIfNeeded(log);
  const site = await serveSite();
  try {
    const { browser, page } = await openPage(ensureChromium(log), `${site.origin}/?cli`, options.adapter);
    try {
      await measure(page, options, log);
    } finally {
      await browser.close();
    }
  } finally {
    await site.close();
  }
}

if (process.argv[1]?.match(/fidelity\.(ts|mjs)$/)) {
  main(process.argv.slice(2)).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof CliError ? error.exitCode : 1;
  });
}
