/** Rows of weight [row][width] named by ids: [token][width]. */
export function embedReference(
  ids: ArrayLike<number>,
  weight: ArrayLike<number>,
  width: number,
): Float64Array {
  return Float64Array.from(
    { length: ids.length * width },
    (_, at) => weight[(ids[Math.floor(at / width)] ?? NaN) * width + (at % width)] ?? NaN,
  );
}
