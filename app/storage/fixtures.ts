/** For tests: two finished runs in every field. The numbers are made up; nothing measured them. */
import type { CompareResult, Phases, RunResult } from '../engine/types';
import { fingerprint } from './fingerprint';
import type { FinishedRun } from './savedRun';

export const documentText = 'The access code of the amber lantern is 4821937. '.repeat(40);

function lane(
  pattern: RunResult['pattern'],
  ttftMs: number,
  density: number,
  phasesMs: Phases | null,
): RunResult {
  return {
    pattern,
    settings: pattern === 'dense' ? {} : { fidelity: 0.9, lastQ: 64 },
    prefillMs: ttftMs - 2,
    ttftMs,
    tokensPerSecond: 32_768 / ((ttftMs - 2) / 1000),
    pastTokens: 0,
    phasesMs,
    layersMs: phasesMs ? Array.from({ length: 8 }, () => eighth(phasesMs)) : [],
    density,
    denseHeads: pattern === 'dense' ? 48 : 3,
    totalHeads: 48,
    answer: pattern === 'dense' ? 'It is 4821937, "amber".' : 'It is 4821937, amber.',
    answerIds: [11, 12, 13, 14],
    decodeMs: 40,
    topTokens: [
      { id: 11, token: ' It', logprob: -0.01 },
      { id: 99, token: ' The', logprob: -5.2 },
    ],
    stopReason: 'eos',
    peakBytes: 700_000_000,
    headDensity: Array.from({ length: 48 }, (_, head) => (pattern === 'dense' ? 1 : (head % 8) / 10 + 0.1)),
  };
}

function eighth(phases: Phases): Phases {
  const { projections, estimate, index, attention, mlp } = phases;
  return {
    projections: projections / 8,
    estimate: estimate / 8,
    index: index / 8,
    attention: attention / 8,
    mlp: mlp / 8,
    head: 0,
  };
}

function byHead(value: number): number[][] {
  return Array.from({ length: 8 }, () => Array.from({ length: 6 }, () => value));
}

export const gpuResult: CompareResult = {
  version: 1,
  date: '2026-11-20T10:00:00.000Z',
  commit: 'abc1234',
  browser: 'Mozilla/5.0 Chrome/151.0.0.0',
  adapter: {
    vendor: 'example',
    architecture: 'made-up',
    description: 'Example GPU',
    software: false,
    tier: 'f16-subgroups',
    features: ['shader-f16', 'subgroups', 'timestamp-query'],
    maxBufferSize: 4_294_967_296,
    maxStorageBufferBindingSize: 2_147_483_644,
  },
  model: {
    id: 'builtin',
    family: 'qwen3',
    layers: 8,
    hidden: 384,
    heads: 6,
    kvHeads: 2,
    headDim: 64,
    vocab: 4_096,
    contextLength: 131_072,
    parameters: 14_200_000,
    weightBytes: 28_400_000,
    hasChatTemplate: true,
  },
  prompt: { tokens: 32_768, truncated: false, documentTokens: 32_700 },
  request: {
    pattern: { name: 'adaptive', set: { fidelity: 0.9 } },
    maxNewTokens: 24,
    sampling: { temperature: 0.5, topP: 0.9, seed: 7 },
    order: 'sparse-first',
    dense: true,
    question: 'What is the access code of the amber lantern?',
  },
  runs: [
    lane('dense', 1_800, 1, { projections: 120, estimate: 0, index: 0, attention: 1_480, mlp: 160, head: 2 }),
    lane('adaptive', 600, 0.14, {
      projections: 120,
      estimate: 24,
      index: 18,
      attention: 240,
      mlp: 160,
      head: 2,
    }),
  ],
  speedup: { ttft: 3, attention: 5.2 },
  heads: {
    layers: 8,
    heads: 6,
    sampledRows: [0, 1, 2, 32_767],
    density: byHead(0.14),
    recall: byHead(0.95),
    outputError: byHead(0.02),
    retention: {
      tokensPerBin: 8_192,
      lastRows: 64,
      coverage: [0.4, 0.1, 0.1, 0.5],
      lastCoverage: [0.5, 0.02, 0.03, 0.6],
      lastMass: [0.4, 0.05, 0.05, 0.5],
      lastKept: [0.39, 0.01, 0.02, 0.49],
      missed: [0.001, 0.03, 0.02, 0.004],
      starts: [0, 29_000, 58_000, 87_000],
      ends: [29_000, 58_000, 87_000, 116_000],
    },
  },
  fidelity: { kl: 0.004, top1Agree: true, top5Overlap: 0.8, firstDivergence: 3, tailLossDelta: 0.002 },
};

export const gpuRun: FinishedRun = {
  id: 'gpu-run',
  name: '',
  title: 'Field report',
  expected: '4821937',
  pinned: false,
  context: 65_536,
  document: fingerprint(documentText),
  result: gpuResult,
};

/** On a CPU, without timestamp queries, dense alone. */
export const softwareRun: FinishedRun = {
  id: 'software-run',
  name: 'On the CPU',
  title: 'Server log',
  expected: null,
  pinned: true,
  context: null,
  document: null,
  result: {
    ...gpuResult,
    date: '2026-11-19T09:30:00.000Z',
    adapter: { ...gpuResult.adapter, description: 'SwiftShader', software: true, tier: 'portable' },
    prompt: { tokens: 412, truncated: true, documentTokens: 380 },
    request: {
      ...gpuResult.request,
      pattern: { name: 'dense', set: {} },
      sampling: { temperature: 0, topP: 1, seed: 0 },
      order: 'dense-first',
      question: '=cmd()|"quoted", and\nsplit?',
    },
    runs: [lane('dense', 52_000, 1, null)],
    speedup: null,
    fidelity: null,
  },
};

/** A further question about the same document, from what the first one left. */
export const furtherRun: FinishedRun = {
  ...gpuRun,
  id: 'further-run',
  expected: null,
  conversation: gpuRun.id,
  result: {
    ...gpuResult,
    date: '2026-11-20T14:06:00.000Z',
    request: { ...gpuResult.request, keepCache: true, keepLimit: 2 ** 32, question: 'And of the grey mill?' },
    runs: gpuResult.runs.map((run) =>
      Object.assign({}, run, { ttftMs: run.ttftMs / 100, pastTokens: 32_700 }),
    ),
    speedup: null,
    kept: { tokens: 32_768, bytes: 285_212_672 },
  },
};

/** Sparse alone, with dense projected from a sample. */
export const projectedRun: FinishedRun = {
  ...gpuRun,
  id: 'projected-run',
  result: {
    ...gpuResult,
    request: { ...gpuResult.request, dense: 'projected' },
    runs: gpuResult.runs.slice(1),
    speedup: null,
    fidelity: null,
    projected: {
      ttftMs: 2_400,
      attentionMs: 2_082,
      ratio: { ttft: 4, attention: 7.4 },
      method: 'Dense was not run.',
      sampledRows: 8_256,
      sampledLayers: [0, 4],
      spread: 0.031,
      samples: [{ layer: 0, firstRow: 4_096, rows: 2_752, rowBlocks: 43, tiles: 3_698, ms: 21.5 }],
    },
  },
};
