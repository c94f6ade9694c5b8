/** Whether a run keeps the document's keys and values for further questions, and how much memory it may take to do so. */
import type { AdapterReport, CompareRequest, MemoryPlan, ModelReport, PromptRequest } from '../engine/types';
import { usableMemory } from './fit';
import type { Settings } from './settings';

/** Tokens left for the question where the document is cut: most questions are shorter, and it is then cut alike for all. */
export const questionTokens = 128;

type Choice = Pick<Settings, 'keepCaches' | 'gpuMemory'>;
type Adapter = Pick<AdapterReport, 'maxBufferSize'>;
type Model = Pick<ModelReport, 'weightBytes'>;

/**
 * Bytes that a run may need with what it keeps; undefined for no limit but the adapter's. Of stated memory a share is
 * left to the screen and the browser, unless keeping was asked for. Where nobody stated any, one largest buffer beside
 * the weights is what the adapter has promised.
 */
export function keepLimit(
  { keepCaches, gpuMemory }: Choice,
  adapter: Adapter | null,
  model: Model | null,
): number | undefined {
  if (gpuMemory !== null) return gpuMemory * 2 ** 30 * (keepCaches === true ? 1 : usableMemory);
  if (keepCaches === true || !adapter || !model) return undefined;
  return model.weightBytes + adapter.maxBufferSize;
}

export type KeepFields = Pick<CompareRequest, 'keepCache' | 'keepLimit'>;

/** What a request says of it. */
export function keepFields(choice: Choice, adapter: Adapter | null, model: Model | null): KeepFields {
  if (choice.keepCaches === false) return {};
  const limit = keepLimit(choice, adapter, model);
  return { keepCache: true, ...(limit !== undefined && { keepLimit: limit }) };
}

export type KeepVerdict = 'kept' | 'off' | 'buffers' | 'memory' | 'unknown';

/**
 * What will become of it by the memory plan, before a run; the engine decides by the same figures. 'memory': more than
 * was stated; 'unknown': more than the adapter has promised, and nobody stated what there is.
 */
export function keepVerdict(
  choice: Choice,
  plan: MemoryPlan,
  adapter: Adapter | null,
  model: Model | null,
): KeepVerdict {
  if (choice.keepCaches === false) return 'off';
  if (!plan.keeping.fits) return 'buffers';
  const limit = keepLimit(choice, adapter, model);
  if (limit === undefined || plan.total + plan.keeping.bytes <= limit) return 'kept';
  return choice.gpuMemory === null ? 'unknown' : 'memory';
}

/** Document and question as every run and count of this page sends them. */
export function promptOf(
  document: string,
  question: string,
  { context, keepCaches }: Pick<Settings, 'context' | 'keepCaches'>,
): PromptRequest {
  return {
    document,
    question,
    ...(context !== null && { tokens: context }),
    ...(keepCaches !== false && { questionTokens }),
  };
}
