import { expect, it } from 'vitest';
import { keptTokens, memoryPlan } from '../model/plan';
import { figuresOf } from './comparison';
import { keepRefusal } from './comparisonCaches';
import { buildPrompt } from './prompt';
import type { LaneOutcome } from './run';
import type { Tokenizer } from './tokenizer';
import type { CompareRequest, RunResult } from './types';

const shape = { layers: 4, hidden: 64, heads: 4, kvHeads: 2, headDim: 32, intermediate: 128 };
const plan = (tokens: number, lanes: number, largest = 2 ** 30) => {
  const limits = { maxBufferSize: largest, maxStorageBufferBindingSize: largest };
  return memoryPlan(shape, 1_000, limits, tokens, 10, 4, () => 0, lanes);
};
/** Bytes of keys and values of one token in all layers. */
const perToken = 4 * 2 * 2 * 32 * 2;

it('plans one cache a lane, with room for longer questions, instead of one', () => {
  const stride = (tokens: number): number => Math.ceil(tokens / 64) * 64;
  const kept = stride(keptTokens(1_000, 10)) * perToken;
  const once = stride(1_010) * perToken;
  expect(plan(1_000, 2).cache).toBe(once);
  expect(plan(1_000, 2).keeping).toEqual({ bytes: 2 * kept - once, fits: true });
  expect(plan(1_000, 1).keeping.bytes).toBe(kept - once);
  // The prompt's own cache is as large as a buffer may be, so a longer one is not.
  const long = plan(100_000, 2, 100_032 * 32 * 2);
  expect(long).toMatchObject({ fits: true, keeping: { fits: false } });
});

it('does not keep what has no room, and says which figure is in the way', () => {
  const wanted = plan(1_000, 2);
  const need = wanted.total + wanted.keeping.bytes;
  const request = (keepLimit?: number) => ({ keepLimit }) as CompareRequest;
  expect(keepRefusal(request(), wanted)).toBeNull();
  expect(keepRefusal(request(need), wanted)).toBeNull();
  expect(keepRefusal(request(need - 1), wanted)).toContain('more than the');
  expect(keepRefusal(request(), plan(100_000, 2, 100_032 * 32 * 2))).toContain('larger GPU buffers');
});

it('gives no speed-up for a further question, but its fidelity', () => {
  const lane = (pastTokens: number, ttftMs: number): LaneOutcome => ({
    run: { pastTokens, ttftMs, phasesMs: null, answerIds: [1] } as unknown as RunResult,
    logits: Float32Array.of(1, 2, 3, 4, 5, 6),
    tailLogits: new Float32Array(),
  });
  const figures = (dense: number, sparse: number) =>
    figuresOf(
      new Map([
        ['dense', lane(dense, 100)],
        ['sparse', lane(sparse, 50)],
      ]),
      [1, 2],
      6,
    );
  expect(figures(0, 0).speedup?.ttft).toBe(2);
  expect(figures(90, 90)).toMatchObject({ speedup: null, fidelity: { kl: 0 } });
  // Worst of all: one lane from the beginning, the other from what was kept.
  expect(figures(0, 90).speedup).toBeNull();
});

it('cuts a long document alike for questions of different lengths where room is left for them', () => {
  const tokenizer = {
    hasTemplate: false,
    encode: (text: string) => Array.from(text, (character) => character.charCodeAt(0)),
  } as unknown as Tokenizer;
  const document = Array.from({ length: 500 }, (_, at) => String.fromCharCode(200 + at)).join('');
  const ids = (question: string, questionTokens?: number) => [
    ...buildPrompt(
      tokenizer,
      { document, question, tokens: 200, ...(questionTokens !== undefined && { questionTokens }) },
      1_000,
    ).ids,
  ];
  const common = (a: number[], b: number[]): number => a.findIndex((id, at) => id !== b[at]);
  // 150 of the document, then the blank line.
  expect(common(ids('who?', 50), ids('what was it?', 50))).toBe(154);
  expect(common(ids('who?'), ids('what was it?'))).toBeLessThan(100);
  expect(ids('who?')).toHaveLength(200);
  expect(() => ids('who?', -1)).toThrow('questionTokens');
});
