/** A finished run as it is kept, exported and imported. */
import * as v from 'valibot';
import type {
  CompareResult,
  Fidelity,
  HeadReport,
  KeptReport,
  Phases,
  RetentionReport,
  RunResult,
} from '../engine/types';
import { UserError } from '../errors';
import { allTiers } from '../gpu/capabilities';
import { DenseSchema, issueText, PatternSchema, patternNames } from './setup';
import { ProjectedSchema } from './projected';

export interface FinishedRun {
  id: string;
  /** Given by the person; empty until then. */
  name: string;
  /** Of the document. */
  title: string;
  /** The planted answer, where the document was a sample. */
  expected: string | null;
  pinned: boolean;
  /** Prompt tokens at most, as set; null is as many as the model takes. */
  context: number | null;
  /** Fingerprint of the document, which is kept apart and only if asked; null where the prompt was token ids. */
  document: string | null;
  /** Shared by the questions that were asked one after another about one document; the first one's id. Absent: only one. */
  conversation?: string;
  result: CompareResult;
}

const Text = v.pipe(v.string(), v.maxLength(1_000_000));
const Line = v.pipe(v.string(), v.maxLength(2_000));
const Amount = v.pipe(v.number(), v.finite(), v.minValue(0));
const Whole = v.pipe(Amount, v.integer());
const Finite = v.pipe(v.number(), v.finite());
const Value = v.union([v.string(), v.number(), v.boolean()]);
const IsoDate = v.pipe(
  v.string(),
  v.check((text) => Number.isFinite(Date.parse(text)), 'not a date'),
);

/** Names every field of a type, so that one added to the engine's results is not dropped here unseen. */
type Fields<Of> = Record<keyof Of, v.GenericSchema>;

const PhaseTimes = v.object({
  projections: Amount,
  estimate: Amount,
  index: Amount,
  attention: Amount,
  mlp: Amount,
  head: Amount,
} satisfies Fields<Phases>);

const Run = v.object({
  pattern: v.picklist(patternNames),
  settings: v.record(v.string(), Value),
  prefillMs: Amount,
  ttftMs: Amount,
  tokensPerSecond: Amount,
  // Absent from results that are older than caches were kept.
  pastTokens: v.optional(Whole, 0),
  phasesMs: v.nullable(PhaseTimes),
  // Absent from results that are older than times by layer.
  layersMs: v.optional(v.array(PhaseTimes), () => []),
  density: Amount,
  denseHeads: Whole,
  totalHeads: Whole,
  reused: v.exactOptional(v.boolean()),
  note: v.exactOptional(Line),
  answer: Text,
  answerIds: v.array(Whole),
  decodeMs: Amount,
  topTokens: v.array(v.object({ id: Whole, token: v.string(), logprob: Finite })),
  stopReason: v.picklist(['eos', 'length']),
  peakBytes: Amount,
  headDensity: v.array(Amount),
} satisfies Fields<RunResult>);

const Places = v.pipe(v.array(v.nullable(Whole)), v.maxLength(2_048));
const Shares = v.pipe(v.array(Amount), v.minLength(1), v.maxLength(2_048));
const Retention = v.pipe(
  v.object({
    tokensPerBin: v.pipe(Whole, v.minValue(1)),
    lastRows: v.pipe(Whole, v.minValue(1)),
    coverage: Shares,
    lastCoverage: Shares,
    lastMass: Shares,
    lastKept: Shares,
    missed: Shares,
    starts: Places,
    ends: Places,
  } satisfies Fields<RetentionReport>),
  v.check(
    ({ coverage, lastCoverage, lastMass, lastKept, missed, starts, ends }) =>
      [lastCoverage, lastMass, lastKept, missed, starts, ends].every(
        (values) => values.length === coverage.length,
      ),
    'not one figure for each bin of tokens',
  ),
);

const ByHead = v.array(v.array(Amount));
/** Maps are never kept: they are as large as the runs of a year. */
const Heads = v.pipe(
  v.object({
    layers: Whole,
    heads: Whole,
    sampledRows: v.array(Whole),
    density: ByHead,
    recall: ByHead,
    outputError: ByHead,
    retention: v.exactOptional(Retention),
  } satisfies Fields<Omit<HeadReport, 'maps'>>),
  v.check(
    ({ layers, heads, density, recall, outputError }) =>
      [density, recall, outputError].every(
        (values) => values.length === layers && values.every((layer) => layer.length === heads),
      ),
    'not one figure for each layer and head',
  ),
);

const Tier = v.picklist(allTiers);

const Result = v.object({
  version: v.literal(1),
  date: IsoDate,
  commit: Line,
  browser: Line,
  adapter: v.object({
    vendor: Line,
    architecture: Line,
    description: Line,
    software: v.boolean(),
    tier: Tier,
    attentionTier: v.exactOptional(Tier),
    features: v.array(Line),
    maxBufferSize: Amount,
    maxStorageBufferBindingSize: Amount,
  }),
  model: v.object({
    id: Line,
    family: v.picklist(['llama', 'qwen2', 'qwen3']),
    layers: Whole,
    hidden: Whole,
    heads: Whole,
    kvHeads: Whole,
    headDim: Whole,
    vocab: Whole,
    contextLength: Whole,
    parameters: Whole,
    weightBytes: Amount,
    hasChatTemplate: v.boolean(),
  }),
  prompt: v.object({ tokens: Whole, truncated: v.boolean(), documentTokens: Whole }),
  request: v.object({
    pattern: PatternSchema,
    maxNewTokens: Whole,
    sampling: v.object({ temperature: Amount, topP: Amount, seed: Whole }),
    order: v.picklist(['dense-first', 'sparse-first']),
    dense: DenseSchema,
    keepCache: v.exactOptional(v.boolean()),
    keepLimit: v.exactOptional(Amount),
    wholePrompt: v.exactOptional(v.boolean()),
    keepQuestion: v.exactOptional(v.boolean()),
    reuseDense: v.exactOptional(v.boolean()),
    measureHeads: v.exactOptional(v.boolean()),
    question: Text,
  } satisfies Fields<CompareResult['request']>),
  runs: v.pipe(v.array(Run), v.minLength(1), v.maxLength(2)),
  speedup: v.nullable(v.object({ ttft: Amount, attention: v.nullable(Amount) })),
  fidelity: v.nullable(
    v.object({
      kl: Finite,
      top1Agree: v.boolean(),
      top5Overlap: Amount,
      firstDivergence: v.nullable(Whole),
      tailLossDelta: v.nullable(Finite),
    } satisfies Fields<Fidelity>),
  ),
  kept: v.exactOptional(
    v.object({ tokens: Whole, bytes: Amount, note: v.exactOptional(Line) } satisfies Fields<KeptReport>),
  ),
  projected: v.exactOptional(ProjectedSchema),
  heads: v.exactOptional(Heads),
} satisfies Fields<CompareResult>);

const Saved = v.object({
  id: v.pipe(v.string(), v.minLength(1), v.maxLength(100)),
  name: Line,
  title: Line,
  expected: v.nullable(Line),
  pinned: v.boolean(),
  context: v.nullable(v.pipe(Whole, v.minValue(1))),
  document: v.nullable(v.pipe(v.string(), v.maxLength(100))),
  conversation: v.exactOptional(v.pipe(v.string(), v.minLength(1), v.maxLength(100))),
  result: Result,
});

const format = 'minference-runs';
const File = v.object({ format: v.literal(format), version: v.literal(1), runs: v.array(Saved) });

/** What IndexedDB gave back, or null where it is of another version. */
export function readSavedRun(value: unknown): FinishedRun | null {
  const parsed = v.safeParse(Saved, value);
  return parsed.success ? parsed.output : null;
}

/** Runs as one file. Documents are never in it. */
export function runsFile(runs: readonly FinishedRun[]): {
  format: string;
  version: 1;
  runs: readonly FinishedRun[];
} {
  return { format, version: 1, runs };
}

/**
 * The runs of a file: what `runsFile` writes, or one result alone as the page and `npm run compare -- --out` write it.
 * Throws 'bad-document' with the field that is wrong.
 */
export function parseRunsFile(text: string, newId: () => string): FinishedRun[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw refusal('it is no JSON', error instanceof Error ? error.message : undefined);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw refusal('it holds no runs');
  if ('format' in json) {
    const parsed = v.safeParse(File, json);
    if (!parsed.success) throw refusal(issueText(parsed.issues[0]));
    return parsed.output.runs;
  }
  const parsed = v.safeParse(Result, json);
  if (!parsed.success) throw refusal(issueText(parsed.issues[0]));
  const result: CompareResult = parsed.output;
  return [
    {
      id: newId(),
      name: '',
      title: '',
      expected: null,
      pinned: false,
      context: null,
      document: null,
      result,
    },
  ];
}

function refusal(reason: string, detail?: string): UserError {
  return new UserError(
    'bad-document',
    `No run was imported: ${reason}.`,
    'Choose a file that this page or `npm run compare -- --out FILE` has written.',
    detail,
  );
}
