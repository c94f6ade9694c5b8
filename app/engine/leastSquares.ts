/** Least squares of a few columns with coefficients that cannot be negative: times do not fall where work grows. */

/**
 * x >= 0 with the least sum of squares of `rows` x - `values`; every row has one number a column, three columns at most.
 * All sets of columns are tried, so the answer is exact and not the end of an iteration. Zeros where nothing fits.
 */
export function nonNegativeLeastSquares(
  rows: readonly (readonly number[])[],
  values: readonly number[],
): number[] {
  const columns = rows[0]?.length ?? 0;
  let best = { error: sumOfSquares(values), x: Array.from({ length: columns }, () => 0) };
  for (let set = 1; set < 2 ** columns; set++) {
    const used = Array.from({ length: columns }, (_, column) => column).filter(
      (column) => set & (2 ** column),
    );
    const solved = orthogonal(
      used.map((column) => rows.map((row) => row[column] ?? 0)),
      values,
    );
    if (!solved?.every((value) => value >= 0)) continue;
    const x = best.x.map((_, column) => solved[used.indexOf(column)] ?? 0);
    const error = sumOfSquares(values.map((value, at) => value - dot(rows[at] ?? [], x)));
    if (error < best.error) best = { error, x };
  }
  return best.x;
}

/**
 * The same of relative errors: a deviation counts as a share of its value, so that a long run does not drown the short
 * ones. `values` are above zero.
 */
export function relativeLeastSquares(
  rows: readonly (readonly number[])[],
  values: readonly number[],
): number[] {
  return nonNegativeLeastSquares(
    rows.map((row, at) => row.map((cell) => cell / (values[at] ?? 1))),
    values.map(() => 1),
  );
}

/** Unconstrained, by modified Gram-Schmidt, which keeps digits that normal equations lose; null where columns depend. */
function orthogonal(columns: readonly number[][], values: readonly number[]): number[] | null {
  const size = columns.length;
  const basis: number[][] = [];
  const triangle: number[][] = [];
  for (const column of columns) {
    let rest = [...column];
    const row: number[] = [];
    // Twice is enough for columns that nearly depend on each other.
    for (let round = 0; round < 2; round++) {
      basis.forEach((unit, at) => {
        const share = dot(unit, rest);
        row[at] = (row[at] ?? 0) + share;
        rest = rest.map((value, place) => value - share * (unit[place] ?? 0));
      });
    }
    const length = Math.sqrt(sumOfSquares(rest));
    if (length <= 1e-12 * Math.sqrt(sumOfSquares(column))) return null;
    row.push(length);
    triangle.push(row);
    basis.push(rest.map((value) => value / length));
  }
  const x = Array.from({ length: size }, () => 0);
  const shares = basis.map((unit) => dot(unit, values));
  for (let at = size - 1; at >= 0; at--) {
    let value = shares[at] ?? 0;
    for (let later = at + 1; later < size; later++) value -= (triangle[later]?.[at] ?? 0) * (x[later] ?? 0);
    x[at] = value / (triangle[at]?.[at] ?? 1);
  }
  return x;
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);
}

function sumOfSquares(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value * value, 0);
}
