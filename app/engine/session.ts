/** A GPU, at most one model, and what the page may ask of them. Knows no worker and no page. */
import { UserError } from '../errors';
import { activationSize, type Tier } from '../gpu/capabilities';
import type { Gpu } from '../gpu/device';
import { patternMemory, settingsWithin } from '../attention/pattern';
import type { DenseSample } from '../model/denseSample';
import { memoryPlan } from '../model/plan';
import { reservePrefill } from '../model/prefillBuffers';
import { checkRequest, denseRequest, figuresOf, keyOf, lanesOf } from './comparison';
import { ComparisonCaches, keepRefusal } from './comparisonCaches';
import { sameIds } from './ids';
import { LaneCaches } from './laneCaches';
import { loadModel, type LoadedModel } from './loader';
import { measureHeads } from './measure';
import { passagesOf } from './passages';
import { projectFrom, sampleFor } from './projection';
import { searchReport, searchHeads, type SearchHooks } from './search';
import { buildPrompt, type Prompt } from './prompt';
import { openFastest, type TierMemory } from './tier';
import { geometryOf, runLane, type LaneOutcome } from './run';
import { warmUp } from './warmUp';
import type {
  AdapterReport,
  CompareRequest,
  CompareResult,
  DenseMode,
  HeadReport,
  HeadSearchInput,
  HeadSearchReport,
  KeptReport,
  LoadProgress,
  MeasureRequest,
  MemoryPlan,
  ModelReport,
  ModelSource,
  PatternRequest,
  ProjectedDense,
  PromptRequest,
  RunProgress,
  RunResult,
} from './types';

export interface SessionOptions {
  builtinBase: string;
  /** Recorded in results. */
  commit: string;
  browser: string;
  /** Kernels to use instead of the fastest. */
  tier?: Tier | undefined;
  tierMemory?: TierMemory | undefined;
}

export interface MeasureHooks {
  signal: AbortSignal;
  onProgress: (progress: RunProgress) => void;
}

export interface CompareHooks extends MeasureHooks {
  onAnswer: (lane: 'dense' | 'sparse', text: string) => void;
  onRun: (lane: 'dense' | 'sparse', run: RunResult) => void;
}

/** Last rows of the prompt whose next-token loss is compared. */
const tailRows = 64;

export function adapterReport({ capabilities, tier, attentionTier, device }: Gpu): AdapterReport {
  return {
    vendor: capabilities.vendor,
    architecture: capabilities.architecture,
    description: capabilities.description,
    software: capabilities.software,
    tier,
    ...(attentionTier !== tier && { attentionTier }),
    features: [...device.features].toSorted(),
    maxBufferSize: capabilities.limits.maxBufferSize,
    maxStorageBufferBindingSize: capabilities.limits.maxStorageBufferBindingSize,
  };
}

export class Session {
  private model: LoadedModel | null = null;
  /** The last dense run with the prompt it was for: another pattern can be compared with it. */
  private kept: { key: string; ids: Uint32Array; outcome: LaneOutcome } | null = null;
  private caches: LaneCaches | null = null;
  private busy = false;

  private constructor(
    private readonly gpu: Gpu,
    private readonly options: SessionOptions,
  ) {}

  static async open(options: SessionOptions): Promise<Session> {
    return new Session(await openFastest({ tier: options.tier, memory: options.tierMemory }), options);
  }

  /** Resolves when the device is lost; the session is of no use then. */
  get lost(): Promise<UserError> {
    return this.gpu.lost;
  }

  capabilities(): AdapterReport {
    return adapterReport(this.gpu);
  }

  async load(
    source: ModelSource,
    hooks: { signal: AbortSignal; onProgress: (progress: LoadProgress) => void },
  ): Promise<ModelReport> {
    this.refuseWhileBusy();
    this.unload();
    this.model = await this.orLost(
      loadModel(this.gpu, source, { ...hooks, builtinBase: this.options.builtinBase }),
    );
    return this.model.report;
  }

  unload(): void {
    this.model?.destroy();
    this.model = null;
    this.kept = null;
    this.caches?.destroy();
    this.caches = null;
  }

  /** Frees the keys and values that a comparison with `keepCache` left. */
  forget(): void {
    this.refuseWhileBusy();
    this.caches?.destroy();
  }

  count(prompt: PromptRequest): Prompt {
    const model = this.loaded();
    return buildPrompt(model.tokenizer, prompt, model.config.contextLength);
  }

  /** `dense`: whether a dense run goes with it; it matters for what keeping keys and values takes. */
  plan(tokens: number, newTokens: number, pattern: PatternRequest, dense: DenseMode = true): MemoryPlan {
    const model = this.loaded();
    const index = (rows: number): number => {
      if (rows === 0) return 0;
      // Shorter lengths are tried for `longestPrompt`.
      const request = rows === tokens ? pattern : settingsWithin(pattern, rows);
      return patternMemory(request, geometryOf(model, rows, 0, Math.ceil((rows + newTokens) / 64) * 64));
    };
    const { limits } = this.gpu.capabilities;
    return memoryPlan(
      model.config,
      model.report.weightBytes,
      limits,
      tokens,
      newTokens,
      activationSize(this.gpu.tier),
      index,
      dense === true && pattern.name !== 'dense' ? 2 : 1,
    );
  }

  async compare(request: CompareRequest, hooks: CompareHooks): Promise<CompareResult> {
    this.refuseWhileBusy();
    const model = this.loaded();
    checkRequest(request);
    return this.alone(this.runCompare(model, request, hooks), hooks.signal);
  }

  /** Recall, output error and density by head, in a prefill of its own; nothing of it is timed. */
  async measureHeads(request: MeasureRequest, hooks: MeasureHooks): Promise<HeadReport> {
    this.refuseWhileBusy();
    return this.alone(this.runMeasure(this.loaded(), request, hooks), hooks.signal);
  }

  /** Budgets by head over the sample that `input.prompt` is. */
  async searchHeads(input: HeadSearchInput, hooks: SearchHooks): Promise<HeadSearchReport> {
    this.refuseWhileBusy();
    const model = this.loaded();
    const ids = Uint32Array.from(this.count(input.prompt).ids);
    const found = await this.alone(searchHeads(model, ids, input, hooks), hooks.signal);
    return searchReport(model.report.id, input, found);
  }

  destroy(): void {
    this.unload();
    this.gpu.destroy();
  }

  private async runCompare(
    model: LoadedModel,
    request: CompareRequest,
    hooks: CompareHooks,
  ): Promise<CompareResult> {
    const { prompt, ids } = this.prepare(model, request, request.maxNewTokens, hooks.signal);
    const outcomes = new Map<'dense' | 'sparse', LaneOutcome>();
    const kept = request.reuseDense === true ? this.keptFor(request, ids) : null;
    this.caches ??= new LaneCaches(this.gpu, model.config);
    const refusal = request.keepCache === true ? this.keepRefusal(request, ids.length) : null;
    const caches = new ComparisonCaches(this.gpu, model.config, this.caches, request, ids, refusal);
    let sample: DenseSample | null = null;
    let projected: ProjectedDense | null = null;
    try {
      await warmUp(model, caches, ids, request, hooks);
      await reservePrefill(model.transformer, caches.newTokens);
      for (const lane of lanesOf(request)) {
        if (lane === 'dense' && kept) {
          outcomes.set(lane, { ...kept, run: { ...kept.run, reused: true } });
          continue;
        }
        const taken = await caches.take(lane);
        const { beside } = caches;
        sample = sampleFor(model, request, lane, ids.length, taken.past);
        const outcome = await runLane(model, taken.cache, {
          lane,
          ids,
          past: taken.past,
          pattern: lane === 'dense' ? denseRequest : request.pattern,
          maxNewTokens: request.maxNewTokens,
          sampling: request.sampling,
          tailRows,
          observer: sample ?? undefined,
          signal: hooks.signal,
          onProgress: hooks.onProgress,
          onAnswer: (text) => {
            hooks.onAnswer(lane, text);
          },
        }).catch((error: unknown) => {
          caches.fail(lane, taken, error);
          throw error;
        });
        caches.keep(lane, taken);
        outcome.run.peakBytes -= beside;
        outcomes.set(lane, outcome);
        // Times of a run that began with a kept cache say nothing about the whole prompt.
        if (lane === 'dense' && outcome.run.pastTokens === 0)
          this.kept = { key: keyOf(request), ids, outcome };
        hooks.onRun(lane, outcome.run);
        projected = sample && (await projectFrom(sample, taken.cache, outcome.run, model, hooks));
      }
    } finally {
      sample?.destroy();
      caches.end();
    }
    const heads =
      request.measureHeads === true
        ? await measureHeads(model, {
            ids,
            pattern: request.pattern,
            passages: (tokens) => passagesOf(model.tokenizer, request.prompt, prompt, tokens),
            ...hooks,
          })
        : null;
    return this.result(model, request, prompt, outcomes, { heads, projected, kept: caches.report() });
  }

  private async runMeasure(
    model: LoadedModel,
    request: MeasureRequest,
    hooks: MeasureHooks,
  ): Promise<HeadReport> {
    const { prompt, ids } = this.prepare(model, request, 0, hooks.signal);
    const passages = (tokens: number) => passagesOf(model.tokenizer, request.prompt, prompt, tokens);
    return measureHeads(model, { ids, pattern: request.pattern, maps: request.maps, passages, ...hooks });
  }

  /** The prompt's ids, if this model and adapter can take them. */
  private prepare(
    model: LoadedModel,
    request: MeasureRequest,
    newTokens: number,
    signal: AbortSignal,
  ): { prompt: Prompt; ids: Uint32Array<ArrayBuffer> } {
    const prompt = this.count(request.prompt);
    const ids = Uint32Array.from(prompt.ids);
    const strange = ids.find((id) => id >= model.config.vocab);
    if (strange !== undefined) {
      throw new UserError(
        'bad-document',
        `The prompt has the token id ${strange}, and this model's vocabulary ends at ${model.config.vocab - 1}.`,
        'Use ids of this model’s own tokenizer.',
      );
    }
    signal.throwIfAborted();
    const plan = this.plan(ids.length, newTokens, request.pattern);
    if (!plan.fits) {
      throw new UserError(
        'limit-too-small',
        `This prompt of ${ids.length.toLocaleString('en')} tokens needs larger GPU buffers than this adapter allows.`,
        `Set the context to ${plan.longestPrompt.toLocaleString('en')} tokens or fewer, or use a smaller model.`,
      );
    }
    // A failure left by an earlier run says nothing about this one.
    this.gpu.takeFailure();
    return { prompt, ids };
  }

  private keepRefusal(request: CompareRequest, tokens: number): string | null {
    const { maxNewTokens, pattern, dense } = request;
    return keepRefusal(request, this.plan(tokens, maxNewTokens, pattern, dense));
  }

  private keptFor(request: CompareRequest, ids: Uint32Array): LaneOutcome | null {
    const { kept } = this;
    return kept?.key === keyOf(request) && sameIds(ids, kept.ids) ? kept.outcome : null;
  }

  private result(
    model: LoadedModel,
    request: CompareRequest,
    prompt: Prompt,
    outcomes: ReadonlyMap<'dense' | 'sparse', LaneOutcome>,
    measured: {
      heads: HeadReport | null;
      projected: ProjectedDense | null;
      kept: KeptReport | null;
    },
  ): CompareResult {
    const { prompt: promptRequest, ...settings } = request;
    const { heads, projected, kept } = measured;
    return {
      version: 1,
      date: new Date().toISOString(),
      commit: this.options.commit,
      browser: this.options.browser,
      adapter: this.capabilities(),
      model: model.report,
      prompt: {
        tokens: prompt.ids.length,
        truncated: prompt.truncated,
        documentTokens: prompt.documentTokens,
      },
      request: { ...settings, question: promptRequest.question },
      ...figuresOf(outcomes, prompt.ids, model.config.vocab),
      ...(projected && { projected }),
      ...(kept && { kept }),
      ...(heads && { heads }),
    };
  }

  private loaded(): LoadedModel {
    if (this.model) return this.model;
    throw new UserError(
      'not-found',
      'No model is loaded.',
      'Load the built-in model, a folder or a Hub model first.',
    );
  }

  private refuseWhileBusy(): void {
    if (this.busy)
      throw new UserError('bad-setting', 'A run is going on.', 'Wait for it to end, or cancel it.');
  }

  /** Work that no other may run beside. */
  private async alone<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
    this.busy = true;
    const hurry = (): void => {
      this.gpu.stall.hurry();
    };
    signal.addEventListener('abort', hurry);
    try {
      return await this.orLost(work);
    } finally {
      signal.removeEventListener('abort', hurry);
      this.busy = false;
      this.gpu.memory.trim();
    }
  }

  /** The work, or the reason why the device was lost under it. */
  private orLost<T>(work: Promise<T>): Promise<T> {
    return Promise.race([
      work,
      this.gpu.lost.then((error) => {
        throw error;
      }),
    ]);
  }
}
