/** Everything that crosses the worker boundary. One discriminated union each way; `id` pairs a reply with its request. */
import type { ErrorReport } from '../errors';
import type {
  AdapterReport,
  CompareRequest,
  CompareResult,
  DenseMode,
  HeadReport,
  HeadSearchInput,
  HeadSearchReport,
  LoadProgress,
  MeasureRequest,
  MemoryPlan,
  ModelReport,
  ModelSource,
  PatternRequest,
  PromptRequest,
  RunProgress,
  RunResult,
} from '../engine/types';

export type Request =
  | { type: 'capabilities'; id: number }
  | { type: 'load'; id: number; source: ModelSource }
  | { type: 'unload'; id: number }
  /** Tokens of a text, alone or as a whole prompt with template. */
  | { type: 'count'; id: number; prompt: PromptRequest }
  | {
      type: 'plan';
      id: number;
      tokens: number;
      maxNewTokens: number;
      pattern: PatternRequest;
      dense: DenseMode;
    }
  | { type: 'compare'; id: number; request: CompareRequest }
  /** Frees what a comparison with `keepCache` left. */
  | { type: 'forget'; id: number }
  /** Figures by head, in a prefill of its own. */
  | { type: 'measure'; id: number; request: MeasureRequest }
  | { type: 'search'; id: number; input: HeadSearchInput }
  /** Cancels the request with that id; its reply is then `cancelled`. */
  | { type: 'cancel'; id: number; target: number };

export type Reply =
  | { type: 'capabilities'; id: number; adapter: AdapterReport }
  | { type: 'loaded'; id: number; model: ModelReport }
  | { type: 'unloaded'; id: number }
  | { type: 'counted'; id: number; document: number; prompt: number; truncated: boolean }
  | { type: 'planned'; id: number; plan: MemoryPlan }
  | { type: 'compared'; id: number; result: CompareResult }
  | { type: 'forgotten'; id: number }
  | { type: 'measured'; id: number; heads: HeadReport }
  | { type: 'searched'; id: number; report: HeadSearchReport }
  | { type: 'cancelled'; id: number }
  | { type: 'failed'; id: number; error: ErrorReport };

export type Event =
  | { type: 'load-progress'; id: number; progress: LoadProgress }
  | { type: 'run-progress'; id: number; progress: RunProgress }
  /** Share of a search that is done. */
  | { type: 'search-progress'; id: number; fraction: number }
  /** One more piece of an answer as it is decoded. */
  | { type: 'answer'; id: number; lane: 'dense' | 'sparse'; text: string }
  /** A lane is finished; the other one may still run. */
  | { type: 'run-done'; id: number; lane: 'dense' | 'sparse'; run: RunResult }
  /** The GPU was lost; every request fails until the next `load`. */
  | { type: 'lost'; error: ErrorReport };

export type ToWorker = Request;
export type FromWorker = Reply | Event;
