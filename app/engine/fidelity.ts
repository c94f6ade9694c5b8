/** What skipping cost, against the dense run of the same prompt (design 6). */
import { argmax, logSoftmax, topTokens } from './sampling';
import type { Fidelity } from './types';

export interface Outcome {
  /** Logits [vocab] of the last prompt token. */
  logits: Float32Array;
  /** Logits [rows][vocab] of the last rows of the prompt. */
  tailLogits: Float32Array;
  run: { answerIds: number[] };
}

/** KL(p || q) in nats of two sets of logits. */
export function klDivergence(p: ArrayLike<number>, q: ArrayLike<number>): number {
  const logP = logSoftmax(p);
  const logQ = logSoftmax(q);
  const sum = logP.reduce((total, value, at) => total + Math.exp(value) * (value - (logQ[at] ?? NaN)), 0);
  // Rounding may leave -1e-17 for equal distributions.
  return Math.max(0, sum);
}

/** Share of `a`'s five likeliest tokens that are among `b`'s. */
export function top5Overlap(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const others = new Set(topTokens(b, 5).map(({ id }) => id));
  const own = topTokens(a, 5);
  return own.filter(({ id }) => others.has(id)).length / own.length;
}

/** Index of the first token where the answers differ (a missing token differs); null when they are equal. */
export function firstDivergence(a: readonly number[], b: readonly number[]): number | null {
  const length = Math.max(a.length, b.length);
  for (let at = 0; at < length; at++) if (a[at] !== b[at]) return at;
  return null;
}

/** Mean next-token loss in nats over logits [rows][vocab] of the prompt's last rows; null with fewer than two rows. */
export function meanTailLoss(tail: Float32Array, ids: Uint32Array, vocab: number): number | null {
  const rows = tail.length / vocab;
  if (rows < 2) return null;
  let loss = 0;
  // Row r predicts the token after it; the last row's target is not in the prompt.
  for (let row = 0; row < rows - 1; row++) {
    const target = ids[ids.length - rows + row + 1] ?? 0;
    loss -= logSoftmax(tail.subarray(row * vocab, (row + 1) * vocab))[target] ?? NaN;
  }
  return loss / (rows - 1);
}

export function compareFidelity(dense: Outcome, sparse: Outcome, ids: Uint32Array, vocab: number): Fidelity {
  // With a kept cache one lane may have computed fewer rows than the other: the same rows are compared.
  const size = Math.min(dense.tailLogits.length, sparse.tailLogits.length);
  const tail = ({ tailLogits }: Outcome) => tailLogits.subarray(tailLogits.length - size);
  const denseLoss = meanTailLoss(tail(dense), ids, vocab);
  const sparseLoss = meanTailLoss(tail(sparse), ids, vocab);
  return {
    kl: klDivergence(dense.logits, sparse.logits),
    top1Agree: argmax(dense.logits) === argmax(sparse.logits),
    top5Overlap: top5Overlap(dense.logits, sparse.logits),
    firstDivergence: firstDivergence(dense.run.answerIds, sparse.run.answerIds),
    tailLossDelta: denseLoss === null || sparseLoss === null ? null : sparseLoss - denseLoss,
  };
}
