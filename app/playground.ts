/**
 * The engine as a page sees it, with one model and at most one run: `window.playground` for people who embed it and for
 * the command line, and the very calls that the page's own stores make.
 */
import { version } from '../package.json';
import { isAbort, toReport, UserError, type ErrorReport } from './errors';
import type {
  AdapterReport,
  CompareRequest,
  CompareResult,
  HeadReport,
  HeadSearchInput,
  HeadSearchReport,
  LoadProgress,
  MemoryPlan,
  ModelReport,
  ModelSource,
  PromptRequest,
  RunProgress,
  RunResult,
} from './engine/types';
import type { AttentionChunk, AttentionReport } from './engine/attentionAlone';
import type { BenchRequest, BenchResult } from './engine/bench/types';
import { completeRequest, sameSource, sourceOf, type CompareInput, type MeasureInput } from './requests';
import type { AttentionRequest } from './worker/attention';
import type { BenchListeners } from './worker/bench';
import type { CallEvent, EngineClient } from './worker/client';
import type { Library } from './worker/library';

export { completeRequest, sourceOf, type CompareInput, type MeasureInput } from './requests';

export type Lane = RunProgress['lane'];

/** Everything that happens, whoever asked for it, so that the page shows a run that a script started. */
export type PlaygroundEvent =
  | { type: 'load-started'; source: ModelSource }
  | { type: 'load-progress'; progress: LoadProgress }
  | { type: 'loaded'; model: ModelReport }
  | { type: 'load-cancelled' }
  | { type: 'load-failed'; error: ErrorReport }
  | { type: 'run-started'; request: CompareRequest }
  | { type: 'run-progress'; progress: RunProgress }
  | { type: 'answer'; lane: Lane; text: string }
  | { type: 'lane-done'; lane: Lane; run: RunResult }
  | { type: 'run-done'; result: CompareResult }
  | { type: 'run-cancelling' }
  | { type: 'run-cancelled' }
  | { type: 'run-failed'; error: ErrorReport }
  /** Kept keys and values are freed. */
  | { type: 'forgotten' }
  | { type: 'lost'; error: ErrorReport };

export interface MeasureHooks {
  onProgress?: (progress: RunProgress) => void;
}

export interface CompareHooks extends MeasureHooks {
  onAnswer?: (lane: Lane, text: string) => void;
  onRun?: (lane: Lane, run: RunResult) => void;
}

export interface LoadHooks {
  onProgress?: (progress: LoadProgress) => void;
}

export interface PublicPlayground {
  readonly version: string;
  load(source: ModelSource | string, hooks?: LoadHooks): Promise<ModelReport>;
  compare(request: CompareInput, hooks?: CompareHooks): Promise<CompareResult>;
  /** Frees the document's keys and values that a comparison with `keepCache` left. */
  forget(): Promise<void>;
  /** What the pattern leaves out by layer and head, in an untimed prefill of its own. */
  measureHeads(request: MeasureInput, hooks?: MeasureHooks): Promise<HeadReport>;
  /** Budgets by head from one sample, in MInference's JSON; `onProgress` hears the share that is done. */
  searchHeads(input: HeadSearchInput, onProgress?: (fraction: number) => void): Promise<HeadSearchReport>;
  /** Ends the run, measurement or search that is going on. */
  cancel(): void;
  capabilities(): Promise<AdapterReport>;
  /** Kernels alone, checked and timed, or a whole model's prefill; what `npm run bench` writes. */
  bench(request: BenchRequest, listeners?: BenchListeners): Promise<BenchResult>;
  /** One attention alone on files of a folder; what `npm run compare -- --attention` writes. */
  attention(
    request: AttentionRequest,
    onChunk: (chunk: AttentionChunk) => void | Promise<void>,
  ): Promise<AttentionReport>;
}

interface Load {
  source: ModelSource;
  controller: AbortController;
  model: Promise<ModelReport>;
}

export class Playground {
  readonly version = version;
  private current: Load | null = null;
  private run: AbortController | null = null;
  private adapter: Promise<AdapterReport> | null = null;
  private readonly listeners = new Set<(event: PlaygroundEvent) => void>();

  /** Without a library, Hub models are streamed and not kept. */
  constructor(
    private readonly client: EngineClient,
    private readonly library: Library | null = null,
  ) {
    client.onLoss((error) => {
      this.current = null;
      this.adapter = null;
      this.tell({ type: 'lost', error });
    });
  }

  subscribe(listener: (event: PlaygroundEvent) => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  capabilities(): Promise<AdapterReport> {
    this.adapter ??= this.client.call({ type: 'capabilities' }).then(
      (reply) => reply.adapter,
      (error: unknown) => {
        this.adapter = null;
        throw error;
      },
    );
    return this.adapter;
  }

  /** Loads a model and frees the one before. The same source twice is one load; another source cancels a load under way. */
  load(source: ModelSource, hooks: LoadHooks = {}): Promise<ModelReport> {
    if (this.run) {
      return Promise.reject(
        new UserError(
          'bad-setting',
          'A run is going on.',
          'Wait for it to end, or cancel it, then load the model.',
        ),
      );
    }
    return this.beginLoad(source, hooks);
  }

  private beginLoad(source: ModelSource, hooks: LoadHooks): Promise<ModelReport> {
    if (this.current && sameSource(this.current.source, source)) return this.current.model;
    const before = this.current;
    before?.controller.abort();
    const controller = new AbortController();
    const load: Load = {
      source,
      controller,
      model: this.startLoad(source, controller.signal, before, hooks),
    };
    this.current = load;
    load.model.catch(() => {
      if (this.current === load) this.current = null;
    });
    return load.model;
  }

  cancelLoad(): void {
    this.current?.controller.abort();
  }

  count(prompt: PromptRequest, signal: AbortSignal) {
    return this.client.call({ type: 'count', prompt }, { signal });
  }

  async plan(
    tokens: number,
    maxNewTokens: number,
    { pattern, dense }: Pick<CompareRequest, 'pattern' | 'dense'>,
    signal: AbortSignal,
  ): Promise<MemoryPlan> {
    const call = { type: 'plan', tokens, maxNewTokens, pattern, dense } as const;
    return (await this.client.call(call, { signal })).plan;
  }

  async compare(input: CompareInput, hooks: CompareHooks = {}): Promise<CompareResult> {
    const controller = this.begin();
    const request = completeRequest(input);
    this.tell({ type: 'run-started', request });
    try {
      await (this.current?.model ?? this.beginLoad({ kind: 'builtin' }, {}));
      const reply = await this.client.call(
        { type: 'compare', request },
        { signal: controller.signal, onEvent: (event) => this.relay(event, hooks) },
      );
      this.tell({ type: 'run-done', result: reply.result });
      return reply.result;
    } catch (error) {
      this.tell(isAbort(error) ? { type: 'run-cancelled' } : { type: 'run-failed', error: toReport(error) });
      throw error;
    } finally {
      this.run = null;
    }
  }

  /** Frees the keys and values that a comparison with `keepCache` left; nothing where there are none. */
  async forget(): Promise<void> {
    if (this.run)
      throw new UserError('bad-setting', 'A run is going on.', 'Wait for it to end, or cancel it first.');
    if (this.current) await this.client.call({ type: 'forget' });
    this.tell({ type: 'forgotten' });
  }

  /** A comparison, one of many perhaps, that only the caller hears of. */
  async time(input: CompareInput, hooks: MeasureHooks = {}): Promise<CompareResult> {
    const { signal } = this.begin();
    try {
      await (this.current?.model ?? this.beginLoad({ kind: 'builtin' }, {}));
      const onEvent = (event: CallEvent): void => {
        if (event.type === 'run-progress') hooks.onProgress?.(event.progress);
      };
      const request = completeRequest(input);
      return (await this.client.call({ type: 'compare', request }, { signal, onEvent })).result;
    } finally {
      this.run = null;
    }
  }

  /** No events but the hook's: what is measured belongs to whoever asked. */
  async measureHeads(input: MeasureInput, hooks: MeasureHooks = {}): Promise<HeadReport> {
    const { signal } = this.begin();
    try {
      await (this.current?.model ?? this.beginLoad({ kind: 'builtin' }, {}));
      const { prompt, pattern } = completeRequest(input);
      const reply = await this.client.call(
        {
          type: 'measure',
          request: { prompt, pattern, ...(input.maps !== undefined && { maps: input.maps }) },
        },
        {
          signal,
          onEvent: (event) => {
            if (event.type === 'run-progress') hooks.onProgress?.(event.progress);
          },
        },
      );
      return reply.heads;
    } finally {
      this.run = null;
    }
  }

  async searchHeads(
    input: HeadSearchInput,
    onProgress: (fraction: number) => void = () => undefined,
  ): Promise<HeadSearchReport> {
    const { signal } = this.begin();
    try {
      await (this.current?.model ?? this.beginLoad({ kind: 'builtin' }, {}));
      const onEvent = (event: CallEvent): void => {
        if (event.type === 'search-progress') onProgress(event.fraction);
      };
      return (await this.client.call({ type: 'search', input }, { signal, onEvent })).report;
    } finally {
      this.run = null;
    }
  }

  private begin(): AbortController {
    if (this.run) {
      throw new UserError('bad-setting', 'A run is going on.', 'Wait for it to end, or cancel it first.');
    }
    this.run = new AbortController();
    return this.run;
  }

  cancel(): void {
    if (!this.run || this.run.signal.aborted) return;
    this.run.abort();
    this.tell({ type: 'run-cancelling' });
  }

  /** The part that strangers may call; every rejection is an Error with the report beside its message. */
  asPublic(): PublicPlayground {
    return {
      version: this.version,
      load: (source, hooks) => published(this.load(sourceOf(source), hooks)),
      compare: (request, hooks) => published(this.compare(request, hooks)),
      forget: () => published(this.forget()),
      measureHeads: (request, hooks) => published(this.measureHeads(request, hooks)),
      searchHeads: (input, onProgress) => published(this.searchHeads(input, onProgress)),
      cancel: () => {
        this.cancel();
      },
      capabilities: () => published(this.capabilities()),
      bench: async (request, listeners) => {
        const { runBenchWorker } = await import('./worker/bench');
        return published(runBenchWorker(request, listeners));
      },
      attention: async (request, onChunk) => {
        const { runAttentionAlone } = await import('./worker/attention');
        return published(runAttentionAlone(request, onChunk));
      },
    };
  }

  private async startLoad(
    source: ModelSource,
    signal: AbortSignal,
    before: Load | null,
    hooks: LoadHooks,
  ): Promise<ModelReport> {
    // Let a cancelled load end first: two at once would hold two models.
    await before?.model.catch(() => undefined);
    this.tell({ type: 'load-started', source });
    try {
      if (source.kind === 'hub' && source.keep !== false) await this.keep(source, signal, hooks);
      const { model } = await this.client.call(
        { type: 'load', source },
        {
          signal,
          onEvent: (event) => {
            if (event.type !== 'load-progress') return;
            hooks.onProgress?.(event.progress);
            this.tell({ type: 'load-progress', progress: event.progress });
          },
        },
      );
      this.tell({ type: 'loaded', model });
      return model;
    } catch (error) {
      this.tell(
        isAbort(error) ? { type: 'load-cancelled' } : { type: 'load-failed', error: toReport(error) },
      );
      throw error;
    }
  }

  /** Downloads what is missing of a model into this browser's storage, from where the engine then reads it. */
  private async keep(
    source: ModelSource & { kind: 'hub' },
    signal: AbortSignal,
    hooks: LoadHooks,
  ): Promise<void> {
    await this.library?.download(source, {
      signal,
      onProgress: (download) => {
        const progress: LoadProgress = { stage: 'download', ...download };
        hooks.onProgress?.(progress);
        this.tell({ type: 'load-progress', progress });
      },
    });
  }

  private relay(event: CallEvent, hooks: CompareHooks): void {
    switch (event.type) {
      case 'run-progress':
        hooks.onProgress?.(event.progress);
        this.tell({ type: 'run-progress', progress: event.progress });
        return;
      case 'answer':
        hooks.onAnswer?.(event.lane, event.text);
        this.tell({ type: 'answer', lane: event.lane, text: event.text });
        return;
      case 'run-done':
        hooks.onRun?.(event.lane, event.run);
        this.tell({ type: 'lane-done', lane: event.lane, run: event.run });
        return;
      case 'load-progress':
      case 'search-progress':
    }
  }

  private tell(event: PlaygroundEvent): void {
    for (const listener of this.listeners) listener(event);
  }
}

async function published<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isAbort(error)) throw error;
    const report = toReport(error);
    throw Object.assign(new Error(`${report.sentence} ${report.remedy}`), { report });
  }
}

declare global {
  interface Window {
    playground: PublicPlayground;
  }
}
