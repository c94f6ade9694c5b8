/** silu(gate a) * (up a) in f64; a [length], w [gate, up][rows][length]. Shazeer 2020, SwiGLU. */
export function matvecSwigluReference(
  a: ArrayLike<number>,
  w: ArrayLike<number>,
  rows: number,
  length: number,
): Float64Array {
  const row = (at: number): number => {
    let sum = 0;
    for (let k = 0; k < length; k++) sum += (w[at * length + k] ?? NaN) * (a[k] ?? NaN);
    return sum;
  };
  return Float64Array.from({ length: rows }, (_, at) => {
    const gate = row(at);
    return (gate / (1 + Math.exp(-gate))) * row(rows + at);
  });
}
