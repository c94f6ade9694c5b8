// Attention of 64 query rows of one head over a list of key tiles and single key columns, as one online softmax
// (FlashAttention-2, Dao 2023, algorithm 1; the list is MInference's, Jiang et al. 2024, section 3.3).
// Dense is the same code walking all causal tiles without a list. A few dense row blocks leave most of a GPU idle: their
// keys can be split over workgroups, whose outputs `merge_splits` joins (Flash-Decoding, Dao et al. 2023).
//
// 128 threads: x (0..15) owns keys 4 x .. 4 x + 3 of a tile and output columns in steps of 16 vec4s, y (0..7) owns rows
// 4 y .. and 32 + 4 y ...; 32 consecutive threads have 8 x and 4 y, so that they read as few different vectors as can be.
// Scores and outputs stay in registers, in f32.
// Q and K go through workgroup memory in slices of 16 dims, transposed, so that each step of the inner loop is
// 3 vec4f reads for 32 multiply-adds; P and V likewise. The next slice is fetched while one is used.
#import activation
#import attention_values
#import tile_walk

// Vec4s of a head, and of the output columns a thread owns: 1, 2 or 4 for head dims up to 64, 128 and 256.
#const HEAD4: u32
#const COLUMNS4: u32

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<half4>;           // [head][q_stride][HEAD4]
@group(0) @binding(2) var<storage, read> k: array<half4>;           // [KV head of this range][key_stride][HEAD4]
@group(0) @binding(3) var<storage, read> v: array<half4>;           // as k
@group(0) @binding(4) var<storage, read> counts: array<vec2<u32>>;  // [head][row block]: tiles, columns
@group(0) @binding(5) var<storage, read> tiles: array<u32>;         // [head][row block][tile_capacity]: first key
@group(0) @binding(6) var<storage, read> columns: array<u32>;       // [head][row block][column_capacity]: key
@group(0) @binding(7) var<storage, read_write> out: array<act4>;    // [split][row][total_heads][HEAD4]
// Row maximum (base 2) and sum: [split][row][total_heads]. Written only where keys are split.
@group(0) @binding(8) var<storage, read_write> stats: array<vec2f>;

const STEP_KEYS: u32 = 64;
const SLICES: u32 = (HEAD4 + 3) / 4;

// A Q and a K slice, 256 vec4f each; what else lies in workgroup memory says lib/attention_values. 16 KiB in all.
const K_BASE: u32 = 256;

// Dispatch: x = head within the range, y = row block counted from the last, so that long rows start first, z = split.
@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let x = (thread / 2) % 8 + ((thread / 32) % 2) * 8;
  let y = thread % 2 + ((thread / 16) % 2) * 2 + ((thread / 64) % 2) * 4;
  let head = params.head_base + workgroup.x;
  let block = params.first_row_block + params.row_blocks - 1 - workgroup.y;
  let row0 = block * 64;
  let position0 = params.row_position + row0;
  let kv_base = (workgroup.x / params.group) * params.key_stride;
  let q_base = head * params.q_stride;

  let split = params.first_split + workgroup.z;
  let walk = walk_of(head, block, split);
  let end_step = walk.end;

  // Which 4 x 4 block of a slice this thread stages: threads 0..63 of Q, 64..127 of K.
  let stages_k = thread >= 64;
  let stage_row = (thread % 16) * 4;
  let stage_quad = (thread % 64) / 16;

  var o = array<vec4f, 8 * COLUMNS4>();
  var max_low = vec4f(LEAST_MAX);
  var max_high = vec4f(LEAST_MAX);
  var sum_low = vec4f();
  var sum_high = vec4f();

  for (var at = walk.first; at < end_step; at++) {
    let step = step_at(walk, at);

    // Where the four rows that this thread stages start, in half4s.
    var start = array<u32, 4>();
    for (var i = 0u; i < 4; i++) {
      let key = min(key_at(step, stage_row + i), params.keys - 1);
      let row = min(row0 + stage_row + i, params.rows - 1);
      start[i] = select(q_base + row, kv_base + key, stages_k) * HEAD4;
    }

    // Scores: 8 rows by 4 keys. The explicit zero value matters: Chromium 156 on SwiftShader left the last turn's values
    // in a loop's variable that was declared without one.
    var s = array<vec4f, 8>();
    var staged = fetch(start, stage_quad, stages_k);
    for (var slice = 0u; slice < SLICES; slice++) {
      let to = select(0u, K_BASE, stages_k) + stage_quad * 64 + thread % 16;
      // Four consecutive vec4f across threads for each dim: no two threads of a store share a bank.
      sh[to] = vec4f(staged[0].x, staged[1].x, staged[2].x, staged[3].x);
      sh[to + 16] = vec4f(staged[0].y, staged[1].y, staged[2].y, staged[3].y);
      sh[to + 32] = vec4f(staged[0].z, staged[1].z, staged[2].z, staged[3].z);
      sh[to + 48] = vec4f(staged[0].w, staged[1].w, staged[2].w, staged[3].w);
      workgroupBarrier();
      if (slice + 1 < SLICES) {
        staged = fetch(start, (slice + 1) * 4 + stage_quad, stages_k);
      }
      for (var d = 0u; d < 16; d++) {
        let q_low = sh[d * 16 + y];
        let q_high = sh[d * 16 + 8 + y];
        let key4 = sh[K_BASE + d * 16 + x];
        s[0] = fma(vec4f(q_low.x), key4, s[0]);
        s[1] = fma(vec4f(q_low.y), key4, s[1]);
        s[2] = fma(vec4f(q_low.z), key4, s[2]);
        s[3] = fma(vec4f(q_low.w), key4, s[3]);
        s[4] = fma(vec4f(q_high.x), key4, s[4]);
        s[5] = fma(vec4f(q_high.y), key4, s[5]);
        s[6] = fma(vec4f(q_high.z), key4, s[6]);
        s[7] = fma(vec4f(q_high.w), key4, s[7]);
      }
      workgroupBarrier();
    }

    for (var r = 0u; r < 8; r++) {
      s[r] *= params.scale;
    }
    if (hides(step, position0)) {
      let keys4 = vec4u(
        key_at(step, x * 4), key_at(step, x * 4 + 1), key_at(step, x * 4 + 2), key_at(step, x * 4 + 3));
      for (var r = 0u; r < 8; r++) {
        let last = min(position0 + (r / 4) * 32 + y * 4 + r % 4, params.keys - 1);
        s[r] = select(s[r], vec4f(MASKED), keys4 > vec4u(last));
      }
    }

    // Row maxima over the 16 threads of a row; row groups are permuted by x, so that neighbours use different banks.
    sh[MAX_BASE + x * 16 + (y ^ x)] = vec4f(widest(s[0]), widest(s[1]), widest(s[2]), widest(s[3]));
    sh[MAX_BASE + x * 16 + ((y + 8) ^ x)] = vec4f(widest(s[4]), widest(s[5]), widest(s[6]), widest(s[7]));
    workgroupBarrier();
    var next_low = max_low;
    var next_high = max_high;
    for (var i = 0u; i < 16; i++) {
      next_low = max(next_low, sh[MAX_BASE + i * 16 + (y ^ i)]);
      next_high = max(next_high, sh[MAX_BASE + i * 16 + ((y + 8) ^ i)]);
    }
    let shrink_low = exp2(max_low - next_low);
    let shrink_high = exp2(max_high - next_high);
    max_low = next_low;
    max_high = next_high;
    for (var r = 0u; r < 4; r++) {
      s[r] = exp2(s[r] - max_low[r]);
      s[r + 4] = exp2(s[r + 4] - max_high[r]);
      for (var c = 0u; c < COLUMNS4; c++) {
        o[r * COLUMNS4 + c] *= shrink_low[r];
        o[(r + 4) * COLUMNS4 + c] *= shrink_high[r];
      }
    }
    // Each thread sums its own keys; the 16 threads of a row are added once, at the end.
    sum_low = sum_low * shrink_low + vec4f(total(s[0]), total(s[1]), total(s[2]), total(s[3]));
    sum_high = sum_high * shrink_high + vec4f(total(s[4]), total(s[5]), total(s[6]), total(s[7]));

    add_values(&o, s, step, kv_base, thread);
  }

  sh[x * 16 + y] = sum_low;
  sh[x * 16 + 8 + y] = sum_high;
  workgroupBarrier();
  var all_low = vec4f();
  var all_high = vec4f();
  for (var i = 0u; i < 16; i++) {
    all_low += sh[i * 16 + y];
    all_high += sh[i * 16 + 8 + y];
  }
  let is_split = params.splits > 1;
  let out_first = select(0u, split * params.split_rows - params.first_row_block * 64, is_split);
  for (var r = 0u; r < 8; r++) {
    let row = row0 + (r / 4) * 32 + y * 4 + r % 4;
    let all = select(all_low[r % 4], all_high[r % 4], r >= 4);
    // A row that sees no key is zero.
    let share = select(0.0, 1.0 / all, all > 0.0);
    let to = (out_first + row) * params.total_heads + head;
    for (var c = 0u; c < COLUMNS4; c++) {
      let column = c * 16 + x;
      if (row < params.rows && column < HEAD4) {
        out[to * HEAD4 + column] = to_act(o[r * COLUMNS4 + c] * share);
      }
    }
    if (is_split && x == 0 && row < params.rows) {
      stats[to] = vec2f(select(max_low[r % 4], max_high[r % 4], r >= 4), all);
    }
  }
}

fn fetch(start: array<u32, 4>, quad: u32, of_k: bool) -> array<vec4f, 4> {
  var got = array<vec4f, 4>();
  if (quad < HEAD4) {
    if (of_k) {
      for (var i = 0u; i < 4; i++) {
        got[i] = from_half(k[start[i] + quad]);
      }
    } else {
      for (var i = 0u; i < 4; i++) {
        got[i] = from_half(q[start[i] + quad]);
      }
    }
  }
  return got;
}

// Entry `slot` of the step's values as [key][COLUMNS4 * 16].
fn load_value(step: Step, kv_base: u32, slot: u32) -> half4 {
  let column = slot % (COLUMNS4 * 16);
  let key = min(key_at(step, slot / (COLUMNS4 * 16)), params.keys - 1);
  return select(half4(), v[(kv_base + key) * HEAD4 + min(column, HEAD4 - 1)], column < HEAD4);
}

fn widest(value: vec4f) -> f32 {
  return max(max(value.x, value.y), max(value.z, value.w));
}

fn total(value: vec4f) -> f32 {
  return value.x + value.y + value.z + value.w;
}
