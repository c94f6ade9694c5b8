// Dot products of one vector with rows of a weight matrix, in f32: MATVEC_LANES threads read four rows together. A workgroup
// has MATVEC_PARTS such parts, one behind the other. The importer declares
//   const MATVEC_PARTS: u32
//   w: array<vec4u>                 the matrix [row][length8], eight halves each
//   fn vector8(k8: u32) -> Eight    eight values of the vector, from 8 k8 on
//
// What counts is how much of w is on its way: a thread fetches eight weights of four rows at two places, 16 bytes each,
// before it looks at what it fetched the last time. The two sets take turns, as copying one to the other would wait for it.
// So are variables of their own what could be arrays: NVIDIA's compiler keeps those in memory.
#import half

const MATVEC_LANES: u32 = 64;
const MATVEC_ROWS: u32 = 4;
const MATVEC_THREADS: u32 = MATVEC_LANES * MATVEC_PARTS;

var<workgroup> sh_sums: array<vec4f, MATVEC_THREADS>; // of a thread, by row

struct Eight {
  low: vec4f,
  high: vec4f,
}

// Eight weights of each of four rows, not yet converted: that would wait for them.
struct Weights {
  row0: vec4u,
  row1: vec4u,
  row2: vec4u,
  row3: vec4u,
}

struct WeightsPair {
  near: Weights,
  far: Weights,
}

fn weights_at(starts: vec4u, k8: u32, length8: u32) -> Weights {
  var got = Weights();
  if (k8 < length8) {
    got.row0 = w[starts.x + k8];
    got.row1 = w[starts.y + k8];
    got.row2 = w[starts.z + k8];
    got.row3 = w[starts.w + k8];
  }
  return got;
}

// Zeros past a row's end. `starts` are the rows' first elements of w.
fn weights_from(starts: vec4u, k8: u32, length8: u32) -> WeightsPair {
  return WeightsPair(weights_at(starts, k8, length8), weights_at(starts, k8 + MATVEC_LANES, length8));
}

fn dot8(weights: vec4u, vector: Eight) -> f32 {
#if f16
  let low = bitcast<half4>(weights.xy);
  let high = bitcast<half4>(weights.zw);
#else
  let low = weights.xy;
  let high = weights.zw;
#endif
  return dot(from_half(low), vector.low) + dot(from_half(high), vector.high);
}

fn rows_times(weights: Weights, vector: Eight) -> vec4f {
  return vec4f(
    dot8(weights.row0, vector), dot8(weights.row1, vector), dot8(weights.row2, vector), dot8(weights.row3, vector));
}

fn pair_times(weights: WeightsPair, k8: u32, length8: u32) -> vec4f {
  // Past the end the last values meet weights of zero.
  let near = vector8(min(k8, length8 - 1));
  let far = vector8(min(k8 + MATVEC_LANES, length8 - 1));
  return rows_times(weights.near, near) + rows_times(weights.far, far);
}

// Whole dot products, from `weights_from(starts, thread % MATVEC_LANES, length8)`, which the importer calls before all else
// that it loads. Thread i < 4 * MATVEC_PARTS has that of row i % 4 of part i / 4; others get 0. Uniform control flow only.
fn row_total(ahead: WeightsPair, starts: vec4u, length8: u32, thread: u32) -> f32 {
  var even = ahead;
  var sums = vec4f();
  var k8 = thread % MATVEC_LANES;
  var rest = length8;
  for (; rest > 2 * MATVEC_LANES; rest -= min(rest, 4 * MATVEC_LANES)) {
    let odd = weights_from(starts, k8 + 2 * MATVEC_LANES, length8);
    sums += pair_times(even, k8, length8);
    even = weights_from(starts, k8 + 4 * MATVEC_LANES, length8);
    sums += pair_times(odd, k8 + 2 * MATVEC_LANES, length8);
    k8 += 4 * MATVEC_LANES;
  }
  if (rest > 0) {
    sums += pair_times(even, k8, length8);
  }
  sh_sums[thread] = sums;
  workgroupBarrier();
  if (thread >= MATVEC_ROWS * MATVEC_PARTS) {
    return 0.0;
  }
  let part = (thread / MATVEC_ROWS) % MATVEC_PARTS * MATVEC_LANES;
  let row = thread % MATVEC_ROWS;
  var quarters = vec4f();
  for (var i = 0u; i < MATVEC_LANES; i += 4) {
    let at = part + i;
    quarters += vec4f(sh_sums[at][row], sh_sums[at + 1][row], sh_sums[at + 2][row], sh_sums[at + 3][row]);
  }
  return dot(quarters, vec4f(1.0));
}
