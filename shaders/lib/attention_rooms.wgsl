// Room and traffic of tile_attention_named: what a workgroup keeps in its memory, and how Q, K and V get there. The importer
// declares q, k and v as arrays of vec4u, eight halves each, and imports tile_walk.
#import half

// Fragments: MAT_M x MAT_K times MAT_K x MAT_N. Each subgroup has MAT_M of the 64 rows, with all keys and all dims.
#const MAT_M: u32
#const MAT_N: u32
#const MAT_K: u32
#const THREADS: u32
// Eights of a head, which are padded with zeros to DIM.
#const HEAD8: u32

// Four fragments are a step's keys, and a head's dims: 64 or 32. MAT_N and MAT_K are the same.
const STEP_KEYS: u32 = 4 * MAT_N;
const DIM: u32 = 4 * MAT_N;
const SUBGROUPS: u32 = 64 / MAT_M;
const LANES: u32 = THREADS / SUBGROUPS;
// Eight neighbouring threads share a row of scores, each taking every eighth four keys of EACH_ROWS rows.
const ROW_THREADS: u32 = 8;
const ROW_STEP: u32 = THREADS / ROW_THREADS;
const EACH_ROWS: u32 = 64 / ROW_STEP;
const EACH_FOURS: u32 = STEP_KEYS / 4 / ROW_THREADS;
// Eights of halves that a thread stages of K or V in a step, at most four, and of Q.
const DIM8: u32 = DIM / 8;
const KV_EACH: u32 = (STEP_KEYS * DIM8 + THREADS - 1) / THREADS;
const STEP8: u32 = STEP_KEYS / 8;
const Q_EACH: u32 = (64 * STEP8 + THREADS - 1) / THREADS;

// Rows are eight elements longer than what they hold, so that the rows of a fragment start in different banks.
const K_STRIDE: u32 = DIM + 8;
const V_STRIDE: u32 = DIM + 8;
const P_STRIDE: u32 = STEP_KEYS + 8;
const S_STRIDE: u32 = STEP_KEYS + 8;
var<workgroup> sh_k: array<f16, STEP_KEYS * K_STRIDE>; // [key][dim]
var<workgroup> sh_v: array<f16, STEP_KEYS * V_STRIDE>; // [key][dim]
var<workgroup> sh_p: array<f16, 64 * P_STRIDE>;        // [row][key]; Q in the beginning
var<workgroup> sh_s: array<f32, 64 * S_STRIDE>;        // [row][key]; outputs now and then
// The last step, counted from one, in which a row outgrew its reference. Four words for one: all that is here must have a
// multiple of 16 bytes. NVIDIA's driver puts arrays of f16 right behind what comes before, but reads their fragments 16
// bytes at a time, and wrong ones where they don't start at a multiple of that.
var<workgroup> sh_grew: array<atomic<u32>, 4>;

alias Left = subgroup_matrix_left<f16, MAT_K, MAT_M>;
alias Right = subgroup_matrix_right<f16, MAT_N, MAT_K>;
alias Sum = subgroup_matrix_result<f32, MAT_N, MAT_M>;

// Over the threads of a row, neighbours in a subgroup.
fn over_row_max(value: f32) -> f32 {
  var most = max(value, subgroupShuffleXor(value, 1));
  most = max(most, subgroupShuffleXor(most, 2));
  return max(most, subgroupShuffleXor(most, 4));
}

fn over_row_sum(value: f32) -> f32 {
  var sum = value + subgroupShuffleXor(value, 1);
  sum += subgroupShuffleXor(sum, 2);
  return sum + subgroupShuffleXor(sum, 4);
}

// Eight halves one after another: the compiler makes wide stores of them, if the browser needs no bounds check in between.
// What is a parameter has no bounds for it: hence the modulo, here and below.
fn put_queries8(row: u32, column: u32, eight: vec4u) {
  let at = (row % 64) * P_STRIDE + (column % STEP8) * 8;
  let low = bitcast<vec4<f16>>(eight.xy);
  let high = bitcast<vec4<f16>>(eight.zw);
  sh_p[at] = low.x;
  sh_p[at + 1] = low.y;
  sh_p[at + 2] = low.z;
  sh_p[at + 3] = low.w;
  sh_p[at + 4] = high.x;
  sh_p[at + 5] = high.y;
  sh_p[at + 6] = high.z;
  sh_p[at + 7] = high.w;
}

// 64 rows of Q, STEP8 eights each; zeros past a head's end.
fn stage_queries(base: u32, row0: u32, thread: u32) {
  for (var i = 0u; i < Q_EACH; i++) {
    let slot = thread + i * THREADS;
    let row = slot / STEP8;
    let column = slot % STEP8;
    if (row < 64) {
      var eight = vec4u();
      if (column < HEAD8) {
        // Rows past the end repeat the last one; they are never stored.
        eight = q[(base + min(row0 + row, params.rows - 1)) * HEAD8 + column];
      }
      put_queries8(row, column, eight);
    }
  }
}

// A thread's eights of a step's K and V: row slot / DIM8, eight slot % DIM8.
fn slots_of(thread: u32) -> vec4u {
  return thread + THREADS * vec4u(0, 1, 2, 3);
}

// Where they are in K and V. Slots past the last listed column repeat it; they are masked.
fn places(step: Step, slots: vec4u, kv_base: u32) -> vec4u {
  var keys = step.first + slots / DIM8;
  if (step.gathered) {
    let entries = min(keys, vec4u(step.first + step.count - 1));
    keys = vec4u(columns[entries.x], columns[entries.y], columns[entries.z], columns[entries.w]);
  }
  return (kv_base + min(keys, vec4u(params.keys - 1))) * HEAD8 + slots % DIM8;
}

// Whether the i-th slot of a thread is one of a step, and whether it holds more than padding; known when the pipeline is
// made where a step's eights are shared out evenly and heads need no padding.
fn staged(slot: u32, i: u32) -> bool {
  return i < KV_EACH && (STEP_KEYS * DIM8 % THREADS == 0 || slot / DIM8 < STEP_KEYS);
}

fn filled(slot: u32, i: u32) -> bool {
  return staged(slot, i) && (HEAD8 == DIM8 || slot % DIM8 < HEAD8);
}

fn put_keys8(slot: u32, eight: vec4u) {
  let low = bitcast<vec4<f16>>(eight.xy);
  let high = bitcast<vec4<f16>>(eight.zw);
  let at = ((slot / DIM8) % STEP_KEYS) * K_STRIDE + (slot % DIM8) * 8;
  sh_k[at] = low.x;
  sh_k[at + 1] = low.y;
  sh_k[at + 2] = low.z;
  sh_k[at + 3] = low.w;
  sh_k[at + 4] = high.x;
  sh_k[at + 5] = high.y;
  sh_k[at + 6] = high.z;
  sh_k[at + 7] = high.w;
}

fn put_values8(slot: u32, eight: vec4u) {
  let low = bitcast<vec4<f16>>(eight.xy);
  let high = bitcast<vec4<f16>>(eight.zw);
  let at = ((slot / DIM8) % STEP_KEYS) * V_STRIDE + (slot % DIM8) * 8;
  sh_v[at] = low.x;
  sh_v[at + 1] = low.y;
  sh_v[at + 2] = low.z;
  sh_v[at + 3] = low.w;
  sh_v[at + 4] = high.x;
  sh_v[at + 5] = high.y;
  sh_v[at + 6] = high.z;
  sh_v[at + 7] = high.w;
}

// Four scores, or outputs, of a row.
fn four(row: u32, column: u32) -> vec4f {
  let at = (row % 64) * S_STRIDE + column % STEP_KEYS;
  return vec4f(sh_s[at], sh_s[at + 1], sh_s[at + 2], sh_s[at + 3]);
}

fn keys_at(step: Step, slot: u32) -> vec4u {
  return vec4u(key_at(step, slot), key_at(step, slot + 1), key_at(step, slot + 2), key_at(step, slot + 3));
}
