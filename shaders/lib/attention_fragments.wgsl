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
// Eight threads share a row of scores, each taking every eighth key of EACH_ROWS rows.
const ROW_THREADS: u32 = 8;
const ROW_STEP: u32 = THREADS / ROW_THREADS;
const EACH_ROWS: u32 = 64 / ROW_STEP;
const EACH_KEYS: u32 = STEP_KEYS / ROW_THREADS;
// Eights of halves that a thread stages of K or V in a step, and of Q, STEP_KEYS dims at a time.
const DIM8: u32 = DIM / 8;
const KV_EACH: u32 = (STEP_KEYS * DIM8 + THREADS - 1) / THREADS;
const STEP8: u32 = STEP_KEYS / 8;
const Q_EACH: u32 = (64 * STEP8 + THREADS - 1) / THREADS;

// Rows are eight elements longer than what they hold, so that the rows of a fragment start in different banks.
const K_STRIDE: u32 = DIM + 8;
const V_STRIDE: u32 = DIMS + 8;
const P_STRIDE: u32 = STEP_KEYS + 8;
const S_STRIDE: u32 = KEYS + 8;
var<workgroup> sh_k: array<array<f16, KEYS * K_STRIDE>, SUB_COLS>;      // [key][dim]
var<workgroup> sh_v: array<array<f16, STEP_KEYS * V_STRIDE>, SUB_COLS>; // [key][dim of the part]
var<workgroup> sh_p: array<array<f16, ROWS * P_STRIDE>, SUB_ROWS>;      // [row][key]; Q in the beginning
var<workgroup> sh_s: array<array<f32, ROWS * S_STRIDE>, SUBGROUPS>;     // [row][key]; outputs now and then
var<workgroup> sh_grew: array<u32, SUBGROUPS>;

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
      let low = bitcast<vec4<f16>>(eight.xy);
      let high = bitcast<vec4<f16>>(eight.zw);
      let part = (row / ROWS) % SUB_ROWS;
      let at = (row % ROWS) * P_STRIDE + column * 8;
      sh_p[part][at] = low.x;
      sh_p[part][at + 1] = low.y;
      sh_p[part][at + 2] = low.z;
      sh_p[part][at + 3] = low.w;
      sh_p[part][at + 4] = high.x;
      sh_p[part][at + 5] = high.y;
      sh_p[part][at + 6] = high.z;
      sh_p[part][at + 7] = high.w;
    }
  }
}

// The thread's eights of a step's K or V.
fn fetch(step: Step, kv_base: u32, thread: u32, of_k: bool) -> array<vec4u, KV_EACH> {
  var got = array<vec4u, KV_EACH>();
  for (var i = 0u; i < KV_EACH; i++) {
    let slot = thread + i * THREADS;
    let row = slot / DIM8;
    let column = slot % DIM8;
    if (row < STEP_KEYS && column < HEAD8) {
      let at = (kv_base + min(key_at(step, row), params.keys - 1)) * HEAD8 + column;
      if (of_k) {
        got[i] = k[at];
      } else {
        got[i] = v[at];
      }
    }
  }
  return got;
}

fn stage_keys(eights: array<vec4u, KV_EACH>, thread: u32) {
  for (var i = 0u; i < KV_EACH; i++) {
    let slot = thread + i * THREADS;
    let row = slot / DIM8;
    if (row < STEP_KEYS) {
      let low = bitcast<vec4<f16>>(eights[i].xy);
      let high = bitcast<vec4<f16>>(eights[i].zw);
      let part = (row / KEYS) % SUB_COLS;
      let at = (row % KEYS) * K_STRIDE + (slot % DIM8) * 8;
      sh_k[part][at] = low.x;
      sh_k[part][at + 1] = low.y;
      sh_k[part][at + 2] = low.z;
      sh_k[part][at + 3] = low.w;
      sh_k[part][at + 4] = high.x;
      sh_k[part][at + 5] = high.y;
      sh_k[part][at + 6] = high.z;
      sh_k[part][at + 7] = high.w;
    }
  }
}

fn stage_values(eights: array<vec4u, KV_EACH>, thread: u32) {
  for (var i = 0u; i < KV_EACH; i++) {
    let slot = thread + i * THREADS;
    let row = slot / DIM8;
    if (row < STEP_KEYS) {
      let low = bitcast<vec4<f16>>(eights[i].xy);
      let high = bitcast<vec4<f16>>(eights[i].zw);
      let dim = (slot % DIM8) * 8;
      let part = (dim / DIMS) % SUB_COLS;
      let at = (row % STEP_KEYS) * V_STRIDE + dim % DIMS;
      sh_v[part][at] = low.x;
      sh_v[part][at + 1] = low.y;
      sh_v[part][at + 2] = low.z;
      sh_v[part][at + 3] = low.w;
      sh_v[part][at + 4] = high.x;
      sh_v[part][at + 5] = high.y;
      sh_v[part][at + 6] = high.z;
      sh_v[part][at + 7] = high.w;
    }
  }
}

// A subgroup's outputs to its part of the scores' room, and back: ACROSS columns of fragments, the band-th.
fn put_outputs(o: ptr<function, array<Sum, DOWN * OUT_ACROSS>>, subgroup: u32, band: u32) {
  for (var i = 0u; i < DOWN; i++) {
    for (var j = 0u; j < ACROSS; j++) {
      if (band * ACROSS + j < OUT_ACROSS) {
        subgroupMatrixStore(&sh_s[subgroup], i * MAT_M * S_STRIDE + j * MAT_N,
          (*o)[i * OUT_ACROSS + band * ACROSS + j], false, S_STRIDE);
      }
    }
  }
}

fn take_outputs(o: ptr<function, array<Sum, DOWN * OUT_ACROSS>>, subgroup: u32, band: u32) {
  for (var i = 0u; i < DOWN; i++) {
    for (var j = 0u; j < ACROSS; j++) {
      if (band * ACROSS + j < OUT_ACROSS) {
        (*o)[i * OUT_ACROSS + band * ACROSS + j] =
          subgroupMatrixLoad<Sum>(&sh_s[subgroup], i * MAT_M * S_STRIDE + j * MAT_N, false, S_STRIDE);
      }
    }
  }
}
