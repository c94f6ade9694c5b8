/** How time grows with the length of a prompt: fits of measured points, where two of them meet, and what lies beyond. */

export interface GrowthPoint {
  tokens: number;
  ms: number;
}

/** ms = constant + linear n + quadratic n², none of them negative. */
export interface GrowthFit {
  constant: number;
  linear: number;
  quadratic: number;
  /** Root mean square of (fitted - measured) / measured over the points. */
  error: number;
  points: number;
}

const terms = ['constant', 'linear', 'quadratic'] as const;
type Term = (typeof terms)[number];

function valueOf(term: Term, tokens: number): number {
  return term === 'constant' ? 1 : term === 'linear' ? tokens : tokens * tokens;
}

export function predict(fit: Pick<GrowthFit, Term>, tokens: number): number {
  return fit.constant + fit.linear * tokens + fit.quadratic * tokens * tokens;
}

/**
 * Least squares of the relative error, so that short prompts count as much as long ones, with no term below zero: the best
 * of all choices of terms whose solution is feasible, which for three terms are seven. Null for fewer than two lengths:
 * any growth fits one. Terms are never more than the lengths.
 */
export function fitGrowth(points: readonly GrowthPoint[]): GrowthFit | null {
  const lengths = new Set(points.map(({ tokens }) => tokens)).size;
  if (lengths < 2) return null;
  let best: GrowthFit | null = null;
  for (let choice = 1; choice < 2 ** terms.length; choice++) {
    const chosen = terms.filter((_, at) => (choice >> at) % 2 === 1);
    if (chosen.length > lengths) continue;
    const solution = solve(chosen, points);
    if (!solution || solution.some((value) => !(value >= 0))) continue;
    const fit = { constant: 0, linear: 0, quadratic: 0, error: 0, points: points.length };
    chosen.forEach((term, at) => (fit[term] = solution[at] ?? 0));
    const squares = points.map(({ tokens, ms }) => (predict(fit, tokens) / ms - 1) ** 2);
    fit.error = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / points.length);
    // More terms must fit better by more than rounding.
    if (!best || fit.error < best.error * (1 - 1e-6) - 1e-12) best = fit;
  }
  return best;
}

/** Weighted normal equations by Gaussian elimination with pivoting; columns are scaled to one at the longest prompt. */
function solve(chosen: readonly Term[], points: readonly GrowthPoint[]): number[] | null {
  const longest = Math.max(...points.map(({ tokens }) => tokens));
  const scales = chosen.map((term) => valueOf(term, longest));
  const size = chosen.length;
  const rows = Array.from({ length: size }, () => new Float64Array(size + 1));
  for (const { tokens, ms } of points) {
    const columns = chosen.map((term, at) => valueOf(term, tokens) / (scales[at] ?? 1) / ms);
    rows.forEach((row, i) => {
      const left = columns[i] ?? 0;
      for (let j = 0; j < size; j++) row[j] = (row[j] ?? 0) + left * (columns[j] ?? 0);
      row[size] = (row[size] ?? 0) + left;
    });
  }
  for (let at = 0; at < size; at++) {
    const rest = rows.slice(at).toSorted((a, b) => Math.abs(b[at] ?? 0) - Math.abs(a[at] ?? 0));
    rows.splice(at, size - at, ...rest);
    const pivot = rows[at]?.[at] ?? 0;
    if (Math.abs(pivot) < 1e-300) return null;
    rows.forEach((row, i) => {
      if (i === at) return;
      const factor = (row[at] ?? 0) / pivot;
      for (let j = at; j <= size; j++) row[j] = (row[j] ?? 0) - factor * (rows[at]?.[j] ?? 0);
    });
  }
  return rows.map((row, at) => (row[size] ?? 0) / (row[at] ?? 1) / (scales[at] ?? 1));
}

export type BreakEven =
  /** From this length on sparse is faster. */
  { kind: 'from'; tokens: number } | { kind: 'always' } | { kind: 'never' };

/** Where the sparse curve falls below the dense one for good, between two lengths. */
export function breakEven(dense: GrowthFit, sparse: GrowthFit, first: number, last: number): BreakEven {
  const gain = (tokens: number): number => predict(dense, tokens) - predict(sparse, tokens);
  if (gain(last) <= 0) return { kind: 'never' };
  // The difference of two such curves is a parabola: its last root is where sparse wins for good.
  const a = dense.quadratic - sparse.quadratic;
  const b = dense.linear - sparse.linear;
  const c = dense.constant - sparse.constant;
  const roots: number[] = [];
  if (Math.abs(a) < 1e-18) {
    if (b !== 0) roots.push(-c / b);
  } else {
    const inside = b * b - 4 * a * c;
    if (inside >= 0) roots.push((-b + Math.sqrt(inside)) / (2 * a), (-b - Math.sqrt(inside)) / (2 * a));
  }
  const within = roots.filter((root) => root > first && root < last);
  if (within.length === 0) return { kind: 'always' };
  return { kind: 'from', tokens: Math.max(...within) };
}

/** GPU time of a dense run by what grows with the square of the prompt and what grows with it, ms. */
export interface DenseSample {
  tokens: number;
  ttftMs: number;
  attentionMs: number;
}

/**
 * Time to first token of a dense run of `tokens`, projected from a shorter one: attention by the causal pairs of query and
 * key, all else by tokens. Less than it would be where a GPU slows down when it is busy for long.
 */
export function projectDense({ tokens: measured, ttftMs, attentionMs }: DenseSample, tokens: number): number {
  const pairs = (length: number): number => (length * (length + 1)) / 2;
  return attentionMs * (pairs(tokens) / pairs(measured)) + (ttftMs - attentionMs) * (tokens / measured);
}
