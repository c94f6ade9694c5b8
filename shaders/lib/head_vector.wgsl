// One head of one token: HALF4 threads hold it, thread i dims 4 i and on of its first half and of its second. The optional
// RMS norm over it (Qwen3) and rotary position embedding (Su et al. 2021, in the half-split form that Llama uses).
//
// cos and sin come from two small f64-made tables: position = 1024 * coarse + fine, and the angle sum formulas join
// them in f32, so that a million positions need no million-row table and no large f32 angle is ever formed.
//
// The importer has tables [coarse, fine][row][HALF4][cos, sin], an array of vec4f, and params.coarse_rows, params.epsilon.
#import half

// Vec4s in half a head: dim / 8, 1 to 32.
#const HALF4: u32

const WORKGROUP: u32 = 64;
const VECTORS: u32 = WORKGROUP / HALF4;

var<workgroup> sh_squares: array<f32, WORKGROUP>;

struct Halves {
  low: vec4f,
  high: vec4f,
}

// What makes the RMS of a thread's vector 1. Uniform control flow only, once a dispatch.
fn head_scale(head: Halves, thread: u32) -> f32 {
  sh_squares[thread] = dot(head.low, head.low) + dot(head.high, head.high);
  workgroupBarrier();
  var sum = 0.0;
  for (var j = 0u; j < HALF4; j++) {
    sum += sh_squares[min(thread / HALF4 * HALF4 + j, WORKGROUP - 1)];
  }
  return inverseSqrt(sum / f32(8 * HALF4) + params.epsilon);
}

fn rotated(head: Halves, position: u32, i: u32) -> Halves {
  let coarse = ((position / 1024) * HALF4 + i) * 2;
  let fine = ((params.coarse_rows + position % 1024) * HALF4 + i) * 2;
  let cosine = tables[coarse] * tables[fine] - tables[coarse + 1] * tables[fine + 1];
  let sine = tables[coarse + 1] * tables[fine] + tables[coarse] * tables[fine + 1];
  return Halves(head.low * cosine - head.high * sine, head.high * cosine + head.low * sine);
}
