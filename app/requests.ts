/** What a caller may leave out of a request, and what is put in its place. */
import type { CompareRequest, ModelSource, PatternRequest, PromptRequest } from './engine/types';

export type CompareInput = Partial<Omit<CompareRequest, 'prompt' | 'pattern' | 'sampling'>> & {
  prompt: Partial<PromptRequest>;
  pattern?: { name: CompareRequest['pattern']['name']; set?: PatternRequest['set'] };
  sampling?: Partial<CompareRequest['sampling']>;
};

export type MeasureInput = Pick<CompareInput, 'prompt' | 'pattern'> & { maps?: boolean };

/** 'builtin', a URL of a folder, or a Hub id ('owner/name', with '@revision' if wanted). */
export function sourceOf(source: ModelSource | string): ModelSource {
  if (typeof source !== 'string') return source;
  if (source === 'builtin') return { kind: 'builtin' };
  if (/^(https?:\/\/|\.{0,2}\/)/.test(source)) {
    const base = source.endsWith('/') ? source : `${source}/`;
    return { kind: 'url', name: base.split('/').at(-2) ?? base, base };
  }
  const [id = source, revision] = source.split('@');
  return revision === undefined ? { kind: 'hub', id } : { kind: 'hub', id, revision };
}

export function completeRequest(input: CompareInput): CompareRequest {
  const { prompt, pattern, sampling } = input;
  return {
    prompt: { ...prompt, document: prompt.document ?? '', question: prompt.question ?? '' },
    pattern: { name: pattern?.name ?? 'adaptive', set: pattern?.set ?? {} },
    maxNewTokens: input.maxNewTokens ?? 32,
    sampling: { temperature: 0, topP: 1, seed: 0, ...sampling },
    order: input.order ?? 'dense-first',
    dense: input.dense ?? true,
    ...(input.reuseDense !== undefined && { reuseDense: input.reuseDense }),
    ...(input.keepCache !== undefined && { keepCache: input.keepCache }),
    ...(input.keepLimit !== undefined && { keepLimit: input.keepLimit }),
    ...(input.wholePrompt !== undefined && { wholePrompt: input.wholePrompt }),
    ...(input.keepQuestion !== undefined && { keepQuestion: input.keepQuestion }),
    ...(input.measureHeads !== undefined && { measureHeads: input.measureHeads }),
  };
}

/** Folders are never the same twice: their files may have changed. */
export function sameSource(a: ModelSource, b: ModelSource): boolean {
  if (a.kind === 'folder' || b.kind === 'folder') return a === b;
  return JSON.stringify(a) === JSON.stringify(b);
}
