import { beforeEach, describe, expect, it, vi } from 'vitest';
import { gpuResult } from '../storage/fixtures';
import type { CompareResult } from '../engine/types';
import type { CompareInput } from '../requests';
import { createDocumentStore } from './document';
import type { ModelStore } from './model';
import { createScalingStore, expectedDense, fitsOf, offeredLengths, scalingActions } from './scaling';
import { createSettingsStore } from './settings';

/** Dense 1 ms a token and 1e-3 ms a pair of tokens, sparse twice the linear part. */
const denseMs = (tokens: number): number => tokens + 1e-3 * tokens * tokens;

function resultOf(tokens: number, dense: boolean): CompareResult {
  const [denseRun, sparseRun] = gpuResult.runs;
  if (!denseRun || !sparseRun) throw new Error('unreachable');
  const phases = {
    projections: tokens,
    estimate: 0,
    index: 0,
    attention: 1e-3 * tokens * tokens,
    mlp: 0,
    head: 0,
  };
  return {
    ...gpuResult,
    prompt: { ...gpuResult.prompt, tokens },
    runs: [
      ...(dense ? [{ ...denseRun, ttftMs: denseMs(tokens), phasesMs: phases }] : []),
      { ...sparseRun, ttftMs: 2 * tokens },
    ],
  };
}

const model = { getState: () => ({ model: { contextLength: 4_096 } }) } as unknown as ModelStore;
let asked: CompareInput[];
const time = vi.fn(async (input: CompareInput) => {
  asked.push(input);
  return Promise.resolve(resultOf(input.prompt.tokens ?? 0, input.dense === true));
});

function setup(longest = Infinity) {
  const store = createScalingStore();
  const document = createDocumentStore(null);
  const playground = {
    time: async (input: CompareInput) => {
      const result = await time(input);
      const tokens = Math.min(result.prompt.tokens, longest);
      return { ...result, prompt: { ...result.prompt, tokens } };
    },
    cancel: vi.fn(),
  };
  const settings = createSettingsStore(null);
  return { store, actions: scalingActions(store, { playground, document, model, settings }), document };
}

beforeEach(() => {
  asked = [];
  time.mockClear();
});

it('offers doubling lengths within the context', () => {
  expect(offeredLengths(1_000)).toEqual([128, 256, 512]);
  expect(offeredLengths(2 ** 20).at(-1)).toBe(2 ** 20);
});

describe('a list of lengths', () => {
  it('runs shortest first on one text, and fits both curves', async () => {
    const { store, actions } = setup();
    await actions.start({ lengths: [1_024, 256, 512], source: 'sample', densePatienceMs: Infinity });
    expect(asked.map(({ prompt }) => prompt.tokens)).toEqual([256, 512, 1_024]);
    expect(new Set(asked.map(({ prompt }) => prompt.document)).size).toBe(1);
    expect(asked.every(({ maxNewTokens }) => maxNewTokens === 1)).toBe(true);
    const { result, progress, error } = store.getState();
    expect([progress, error]).toEqual([null, null]);
    const { dense, sparse } = fitsOf(result ?? { points: [] });
    expect(dense?.quadratic).toBeCloseTo(1e-3, 8);
    expect(dense?.linear).toBeCloseTo(1, 5);
    expect(sparse?.linear).toBeCloseTo(2, 5);
    expect(sparse?.quadratic).toBe(0);
  });

  it('leaves dense out where it would take longer than asked, and projects it from what was measured', async () => {
    const { store, actions } = setup();
    await actions.start({ lengths: [256, 512, 1_024], source: 'sample', densePatienceMs: 1_000 });
    expect(asked.map(({ dense }) => dense)).toEqual([true, true, false]);
    const points = store.getState().result?.points ?? [];
    expect(points.map(({ dense }) => dense !== null)).toEqual([true, true, false]);
    // Attention by pairs of tokens, the rest by tokens.
    expect((expectedDense(points, 1_024) ?? NaN) / denseMs(1_024)).toBeCloseTo(1, 2);
    expect(expectedDense([], 1_024)).toBeNull();
  });

  it('keeps what was run when it is stopped or fails', async () => {
    const { store, actions } = setup();
    time.mockImplementationOnce((input) => Promise.resolve(resultOf(input.prompt.tokens ?? 0, true)));
    time.mockImplementationOnce(() => Promise.reject(new DOMException('Stopped.', 'AbortError')));
    await actions.start({ lengths: [256, 512], source: 'sample', densePatienceMs: Infinity });
    expect(store.getState()).toMatchObject({
      progress: null,
      error: null,
      result: { points: [{ tokens: 256 }] },
    });
    time.mockImplementationOnce(() => Promise.reject(new Error('broken')));
    await actions.start({ lengths: [256], source: 'sample', densePatienceMs: Infinity });
    expect(store.getState().error).not.toBeNull();
  });

  it('ends where the text is shorter than the length', async () => {
    const { store, actions, document } = setup(300);
    document.setState({ text: 'A short text.', title: '' });
    await actions.start({ lengths: [256, 512, 1_024], source: 'document', densePatienceMs: Infinity });
    expect(asked[0]?.prompt.document).toBe('A short text.');
    expect(store.getState().result?.points.map(({ tokens }) => tokens)).toEqual([256, 300]);
  });
});
