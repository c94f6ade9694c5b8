// Room and traffic of tile_attention_matrix: what a workgroup keeps in its memory, how Q, K and V get there, and how
// outputs pass through it. The importer declares q, k and v as arrays of vec4u, eight halves each, and imports tile_walk.
#import half

// Fragments: MAT_M x MAT_K times MAT_K x MAT_N. Subgroups share the 64 rows by keys, and rows by dims, as
// SUB_ROWS x SUB_COLS equal rectangles. All are powers of two.
#const MAT_M: u32
#const MAT_N: u32
#const MAT_K: u32
#const SUB_ROWS: u32
#const SUB_COLS: u32
#const THREADS: u32
// Keys of a step: 64, or a part of it.
#const STEP_KEYS: u32
// Eights of a head, and dims padded with zeros to whole fragments of every subgroup.
#const HEAD8: u32
#const DIM: u32

const SUBGROUPS: u32 = SUB_ROWS * SUB_COLS;
const LANES: u32 = THREADS / SUBGROUPS;
// A subgroup's rows, keys and dims, and fragments of its scores and outputs.
const ROWS: u32 = 64 / SUB_ROWS;
const KEYS: u32 = STEP_KEYS / SUB_COLS;
const DIMS: u32 = DIM / SUB_COLS;
const DOWN: u32 = ROWS / MAT_M;
const ACROSS: u32 = KEYS / MAT_N;
const OUT_ACROSS: u32 = DIMS / MAT_N;
// Outputs pass through the room of the scores, ACROSS columns of fragments at a time.
const BANDS: u32 = (OUT_ACROSS + ACROSS - 1) / ACROSS;
// Neighbouring threads share a row of scores, each taking every ROW_THREADS-th four keys of EACH_ROWS rows.
const ROW_THREADS: u32 = min(8, STEP_KEYS / 4);
const ROW_STEP: u32 = THREADS / ROW_THREADS;
const EACH_ROWS: u32 = 64 / ROW_STEP;
const EACH_FOURS: u32 = STEP_KEYS / 4 / ROW_THREADS;
// Eights of halves that a thread stages of K or V in a step, at most four, and of Q, STEP_KEYS dims at a time.
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
// The last step, counted from one, in which a row outgrew its reference.
var<workgroup> sh_grew: atomic<u32>;

alias Left = subgroup_matrix_left<f16, MAT_K, MAT_M>;
alias Right = subgroup_matrix_right<f16, MAT_N, MAT_K>;
alias Sum = subgroup_matrix_result<f32, MAT_N, MAT_M>;

// Over the threads of a row, neighbours in a subgroup.
fn over_row_max(value: f32) -> f32 {
  var most = value;
  for (var apart = 1u; apart < ROW_THREADS; apart *= 2) {
    most = max(most, subgroupShuffleXor(most, apart));
  }
  return most;
}

fn over_row_sum(value: f32) -> f32 {
  var sum = value;
  for (var apart = 1u; apart < ROW_THREADS; apart *= 2) {
    sum += subgroupShuffleXor(sum, apart);
  }
  return sum;
}

// Eight halves one after another: the compiler makes wide stores of them, if the browser needs no bounds check in between.
// What is a parameter has no bounds for it: hence the modulo, here and below.
fn put_weights8(row: u32, column: u32, eight: vec4u) {
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

// STEP8 eights of 64 rows, from eight `first8` on; zeros past a head's end.
fn stage_queries(base: u32, row0: u32, first8: u32, thread: u32) {
  for (var i = 0u; i < Q_EACH; i++) {
    let slot = thread + i * THREADS;
    let row = slot / STEP8;
    let column = slot % STEP8;
    if (row < 64) {
      var eight = vec4u();
      if (first8 + column < HEAD8) {
        // Rows past the end repeat the last one; they are never stored.
        eight = q[(base + min(row0 + row, params.rows - 1)) * HEAD8 + first8 + column];
      }
      put_weights8(row, column, eight);
    }
  }
}

// A thread's eights of K or V. Members rather than an array: arrays passed by value may end up outside of registers.
struct Eights {
  a: vec4u,
  b: vec4u,
  c: vec4u,
  d: vec4u,
}

// The thread's slots of a step: row slot / DIM8, eight slot % DIM8.
fn slots_of(thread: u32) -> vec4u {
  return thread + THREADS * vec4u(0, 1, 2, 3);
}

// Where the thread's eights of a step's K and V are. Slots past the last listed column repeat it; they are masked.
fn places(step: Step, kv_base: u32, thread: u32) -> vec4u {
  let slots = slots_of(thread);
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

fn fetch_keys(at: vec4u, thread: u32) -> Eights {
  let slots = slots_of(thread);
  var got = Eights();
  if (filled(slots.x, 0)) { got.a = k[at.x]; }
  if (filled(slots.y, 1)) { got.b = k[at.y]; }
  if (filled(slots.z, 2)) { got.c = k[at.z]; }
  if (filled(slots.w, 3)) { got.d = k[at.w]; }
  return got;
}

fn fetch_values(at: vec4u, thread: u32) -> Eights {
  let slots = slots_of(thread);
  var got = Eights();
  if (filled(slots.x, 0)) { got.a = v[at.x]; }
  if (filled(slots.y, 1)) { got.b = v[at.y]; }
  if (filled(slots.z, 2)) { got.c = v[at.z]; }
  if (filled(slots.w, 3)) { got.d = v[at.w]; }
  return got;
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

fn stage_keys(eights: Eights, thread: u32) {
  let slots = slots_of(thread);
  if (staged(slots.x, 0)) { put_keys8(slots.x, eights.a); }
  if (staged(slots.y, 1)) { put_keys8(slots.y, eights.b); }
  if (staged(slots.z, 2)) { put_keys8(slots.z, eights.c); }
  if (staged(slots.w, 3)) { put_keys8(slots.w, eights.d); }
}

fn stage_values(eights: Eights, thread: u32) {
  let slots = slots_of(thread);
  if (staged(slots.x, 0)) { put_values8(slots.x, eights.a); }
  if (staged(slots.y, 1)) { put_values8(slots.y, eights.b); }
  if (staged(slots.z, 2)) { put_values8(slots.z, eights.c); }
  if (staged(slots.w, 3)) { put_values8(slots.w, eights.d); }
}

// Four scores, or outputs, of a row.
fn four(row: u32, column: u32) -> vec4f {
  let at = (row % 64) * S_STRIDE + column % STEP_KEYS;
  return vec4f(sh_s[at], sh_s[at + 1], sh_s[at + 2], sh_s[at + 3]);
}

// A subgroup's outputs to its columns of the scores' room, and back: ACROSS columns of fragments, the band-th.
fn put_outputs(o: ptr<function, array<Sum, DOWN * OUT_ACROSS>>, sub_row: u32, sub_col: u32, band: u32) {
  let corner = (sub_row % SUB_ROWS) * (ROWS * S_STRIDE) + (sub_col % SUB_COLS) * KEYS;
  for (var i = 0u; i < DOWN; i++) {
    for (var j = 0u; j < ACROSS; j++) {
      if (band * ACROSS + j < OUT_ACROSS) {
        subgroupMatrixStore(&sh_s, corner + i * MAT_M * S_STRIDE + j * MAT_N,
          (*o)[i * OUT_ACROSS + band * ACROSS + j], false, S_STRIDE);
      }
    }
  }
}

fn take_outputs(o: ptr<function, array<Sum, DOWN * OUT_ACROSS>>, sub_row: u32, sub_col: u32, band: u32) {
  let corner = (sub_row % SUB_ROWS) * (ROWS * S_STRIDE) + (sub_col % SUB_COLS) * KEYS;
  for (var i = 0u; i < DOWN; i++) {
    for (var j = 0u; j < ACROSS; j++) {
      if (band * ACROSS + j < OUT_ACROSS) {
        (*o)[i * OUT_ACROSS + band * ACROSS + j] =
          subgroupMatrixLoad<Sum>(&sh_s, corner + i * MAT_M * S_STRIDE + j * MAT_N, false, S_STRIDE);
      }
    }
  }
}

// Scores of MAT_K dims more, the d-th, and outputs of MAT_K keys more.
fn add_scores(
  scores: ptr<function, array<Sum, DOWN * ACROSS>>,
  queries: ptr<function, array<Left, (DIM / MAT_K) * DOWN>>,
  sub_col: u32,
  slice: u32,
) {
  let first = (sub_col % SUB_COLS) * KEYS;
  let d = slice % (DIM / MAT_K);
  for (var j = 0u; j < ACROSS; j++) {
    let right =
      subgroupMatrixLoad<Right>(&sh_k, (first + j * MAT_N) * K_STRIDE + d * MAT_K, true, K_STRIDE);
    for (var i = 0u; i < DOWN; i++) {
      (*scores)[i * ACROSS + j] =
        subgroupMatrixMultiplyAccumulate((*queries)[d * DOWN + i], right, (*scores)[i * ACROSS + j]);
    }
  }
}

fn add_outputs(o: ptr<function, array<Sum, DOWN * OUT_ACROSS>>, sub_row: u32, sub_col: u32, slice: u32) {
  let weight_corner = (sub_row % SUB_ROWS) * (ROWS * P_STRIDE);
  let first = (sub_col % SUB_COLS) * DIMS;
  let d = slice % (STEP_KEYS / MAT_K);
  var weights = array<Left, DOWN>();
  for (var i = 0u; i < DOWN; i++) {
    weights[i] =
      subgroupMatrixLoad<Left>(&sh_p, weight_corner + i * MAT_M * P_STRIDE + d * MAT_K, false, P_STRIDE);
  }
  for (var j = 0u; j < OUT_ACROSS; j++) {
    let right =
      subgroupMatrixLoad<Right>(&sh_v, d * MAT_K * V_STRIDE + first + j * MAT_N, false, V_STRIDE);
    for (var i = 0u; i < DOWN; i++) {
      (*o)[i * OUT_ACROSS + j] = subgroupMatrixMultiplyAccumulate(weights[i], right, (*o)[i * OUT_ACROSS + j]);
    }
  }
}
