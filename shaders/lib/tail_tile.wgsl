// Scores of 64 of the prompt's last queries with 128 keys in f32: 128 threads, each 8 consecutive queries by 8 consecutive
// keys. The importer's bindings and parameters are read here:
//   tail [head][tail_rows][dim4], k [kv head][key_stride][dim4] halves
// 16 dims are staged at a time, transposed, while those that follow are fetched; 12 KiB are used. What is fetched is not
// converted before it is staged, or a thread would wait for it at once.
#import half

const TILE_ROWS: u32 = 64;
const TILE_KEYS: u32 = 128;
const TILE_THREADS: u32 = 128;
const SLICE4: u32 = 4; // vec4s of a row taken at a time

var<workgroup> sh_q: array<array<vec4f, 16>, 16>; // scaled, [dim of slice][query / 4]
var<workgroup> sh_k: array<array<vec4f, 32>, 16>; // [dim of slice][place of key / 4]

var<private> tail_base: u32;
var<private> key_base: u32;

struct Fetched {
  q0: half4,
  q1: half4,
  q2: half4,
  q3: half4,
  k0: half4,
  k1: half4,
  k2: half4,
  k3: half4,
}

// Rows of a query head, and of the keys that it sees.
fn take_head(head: u32) {
  tail_base = head * params.tail_rows * params.dim4;
  key_base = (head / params.group - params.kv_head_base) * params.key_stride * params.dim4;
}

// Of 32 consecutive threads 8 have different keys and 4 different queries, so that they read few different vectors.
fn keys8_of(thread: u32) -> u32 {
  return (thread / 2) % 8 + ((thread / 32) % 2) * 8;
}

fn rows8_of(thread: u32) -> u32 {
  return thread % 2 + ((thread / 16) % 2) * 2 + ((thread / 64) % 2) * 4;
}

// Four dims of four queries and four keys. Rows past the end repeat the last one, which the importer masks.
fn fetch(first_row: u32, first_key: u32, dim: u32, thread: u32) -> Fetched {
  let four = (thread / 4) % 32;
  let at = min(dim + thread % 4, params.dim4 - 1);
  var got: Fetched;
  if (four < TILE_ROWS / 4) {
    let rows = min(vec4u(first_row + four * 4) + vec4u(0, 1, 2, 3), vec4u(params.tail_rows - 1));
    let from_q = tail_base + rows * params.dim4 + at;
    got.q0 = tail[from_q.x];
    got.q1 = tail[from_q.y];
    got.q2 = tail[from_q.z];
    got.q3 = tail[from_q.w];
  }
  let keys = min(vec4u(first_key + four * 4) + vec4u(0, 1, 2, 3), vec4u(params.keys - 1));
  let from_k = key_base + keys * params.dim4 + at;
  got.k0 = k[from_k.x];
  got.k1 = k[from_k.y];
  got.k2 = k[from_k.z];
  got.k3 = k[from_k.w];
  return got;
}

// Lays what was fetched out by dim. Of keys, odd groups of four follow the even ones, shifted by half a row of banks.
fn stage(got: Fetched, dim: u32, thread: u32) {
  let four = (thread / 4) % 32;
  let to = (thread % 4) * 4;
  if (four < TILE_ROWS / 4) {
    // Dims past the end count nothing.
    let factor = select(0.0, params.scale, dim + thread % 4 < params.dim4);
    let block = transpose(mat4x4f(from_half(got.q0), from_half(got.q1), from_half(got.q2), from_half(got.q3)));
    sh_q[to][four % 16] = block[0] * factor;
    sh_q[to + 1][four % 16] = block[1] * factor;
    sh_q[to + 2][four % 16] = block[2] * factor;
    sh_q[to + 3][four % 16] = block[3] * factor;
  }
  let block = transpose(mat4x4f(from_half(got.k0), from_half(got.k1), from_half(got.k2), from_half(got.k3)));
  let odd = four % 2;
  let place = odd * 16 + (four / 16) * 8 + (four / 2 + odd * 4) % 8;
  sh_k[to][place] = block[0];
  sh_k[to + 1][place] = block[1];
  sh_k[to + 2][place] = block[2];
  sh_k[to + 3][place] = block[3];
}

// acc[2r + h], scaled: query 8 * rows8 + r, keys 8 * keys8 + 4h and on. Uniform control flow only; ends with a barrier.
fn tail_scores(first_row: u32, first_key: u32, thread: u32) -> array<vec4f, 16> {
  var acc = array<vec4f, 16>();
  let rows4 = rows8_of(thread) % 8 * 2;
  let even = keys8_of(thread) % 16;
  let odd = 16 + (even / 8) * 8 + (even + 4) % 8;
  var got = fetch(first_row, first_key, 0, thread);
  for (var at = 0u; at < params.dim4; at += SLICE4) {
    stage(got, at, thread);
    workgroupBarrier();
    if (at + SLICE4 < params.dim4) {
      got = fetch(first_row, first_key, at + SLICE4, thread);
    }
    for (var d = 0u; d < SLICE4 * 4; d++) {
      let q0 = sh_q[d][rows4];
      let q1 = sh_q[d][rows4 + 1];
      let k0 = sh_k[d][even];
      let k1 = sh_k[d][odd];
      acc[0] = fma(vec4f(q0.x), k0, acc[0]);
      acc[1] = fma(vec4f(q0.x), k1, acc[1]);
      acc[2] = fma(vec4f(q0.y), k0, acc[2]);
      acc[3] = fma(vec4f(q0.y), k1, acc[3]);
      acc[4] = fma(vec4f(q0.z), k0, acc[4]);
      acc[5] = fma(vec4f(q0.z), k1, acc[5]);
      acc[6] = fma(vec4f(q0.w), k0, acc[6]);
      acc[7] = fma(vec4f(q0.w), k1, acc[7]);
      acc[8] = fma(vec4f(q1.x), k0, acc[8]);
      acc[9] = fma(vec4f(q1.x), k1, acc[9]);
      acc[10] = fma(vec4f(q1.y), k0, acc[10]);
      acc[11] = fma(vec4f(q1.y), k1, acc[11]);
      acc[12] = fma(vec4f(q1.z), k0, acc[12]);
      acc[13] = fma(vec4f(q1.z), k1, acc[13]);
      acc[14] = fma(vec4f(q1.w), k0, acc[14]);
      acc[15] = fma(vec4f(q1.w), k1, acc[15]);
    }
    workgroupBarrier();
  }
  return acc;
}
