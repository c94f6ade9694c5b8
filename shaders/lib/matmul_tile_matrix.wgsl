// matmul_tile by subgroup matrices: the same tile, the same result layout, products of f16 with sums in f32. Slices of
// 32 k of both operands are staged [row][k] in f16; each subgroup makes a rectangle of fragments. The sums leave through
// workgroup memory, 16 rows at a time, as what a fragment's threads hold is not specified. 29 KiB of workgroup memory.
//
// Rows are 8 elements longer than what they hold, so that the rows of a fragment start in different banks. The browser
// guards a fragment's load, and gives it a stride that isn't constant, unless it can prove the bounds: loops count by one,
// and what depends on a thread or subgroup is taken modulo a power of two.
const TILE_THREADS: u32 = 256;
const TILE: u32 = 128;

// Fragments: MAT_M x MAT_K times MAT_K x MAT_N; the first two divide 16, the last 32. Subgroups of a workgroup, as rows
// and columns of rectangles.
#const MAT_M: u32
#const MAT_N: u32
#const MAT_K: u32
#const SUB_ROWS: u32
#const SUB_COLS: u32

const SLICE: u32 = 32;
const STRIDE: u32 = SLICE + 8;
// Vec4s of a slice's row, and rows that the workgroup stages at a time.
const QUADS: u32 = SLICE / 4;
const STAGED: u32 = TILE_THREADS / QUADS;
// Fragments of a subgroup.
const DOWN: u32 = TILE / SUB_ROWS / MAT_M;
const ACROSS: u32 = TILE / SUB_COLS / MAT_N;
const BAND: u32 = 16;
const OUT_STRIDE: u32 = TILE + 8;
// Rows of each operand that a thread stages in a slice.
const EACH: u32 = TILE / STAGED;

var<workgroup> sh_a: array<f16, TILE * STRIDE>;
var<workgroup> sh_w: array<f16, TILE * STRIDE>;
var<workgroup> sh_out: array<f32, BAND * OUT_STRIDE>;

// As in matmul_tile: row r of the thread's sums, columns tile_col(thread) + 0..3 in `low[r]`, the same + 64 in `high[r]`.
struct Sums {
  low: array<vec4f, 8>,
  high: array<vec4f, 8>,
}

fn tile_row(thread: u32, r: u32) -> u32 {
  return (r / 4) * 64 + (thread / 16) * 4 + r % 4;
}

fn tile_col(thread: u32) -> u32 {
  return (thread % 16) * 4;
}

alias cell_a = act4;
alias cell_w = half4;

// Four values from 4 * k4 of a row of the tile; zeros past the end.
fn load_a(row: u32, k4: u32) -> vec4f {
  return select(vec4f(), from_act(fetch_a(start_a(row, params.length4) + k4)), k4 < params.length4);
}

fn load_w(col: u32, k4: u32) -> vec4f {
  return select(vec4f(), from_half(fetch_w(start_w(col, params.length4) + k4)), k4 < params.length4);
}

struct Slice {
  a: array<vec4<f16>, EACH>,
  w: array<vec4<f16>, EACH>,
}

fn fetch_slice(row: u32, k4: u32) -> Slice {
  var got = Slice();
  for (var i = 0u; i < EACH; i++) {
    got.a[i] = vec4h(load_a(row + i * STAGED, k4));
    got.w[i] = vec4h(load_w(row + i * STAGED, k4));
  }
  return got;
}

// `subgroup` is the builtin's value: what is derived from it is uniform in a subgroup.
fn tile_product(thread: u32, subgroup: u32, length4: u32) -> Sums {
  let first_row = ((subgroup / SUB_COLS) % SUB_ROWS) * (TILE / SUB_ROWS);
  let first_col = (subgroup % SUB_COLS) * (TILE / SUB_COLS);
  let quad = thread % QUADS;
  let row = (thread / QUADS) % STAGED;
  var acc = array<subgroup_matrix_result<f32, MAT_N, MAT_M>, DOWN * ACROSS>();
  let slices = (length4 + QUADS - 1) / QUADS;
  var staged = fetch_slice(row, quad);
  for (var slice = 0u; slice < slices; slice++) {
    for (var i = 0u; i < EACH; i++) {
      let to = (row + i * STAGED) * STRIDE + quad * 4;
      let from_a = staged.a[i];
      let from_w = staged.w[i];
      sh_a[to] = from_a.x;
      sh_a[to + 1] = from_a.y;
      sh_a[to + 2] = from_a.z;
      sh_a[to + 3] = from_a.w;
      sh_w[to] = from_w.x;
      sh_w[to + 1] = from_w.y;
      sh_w[to + 2] = from_w.z;
      sh_w[to + 3] = from_w.w;
    }
    workgroupBarrier();
    // The next slice is fetched while this one is used.
    if (slice + 1 < slices) {
      staged = fetch_slice(row, (slice + 1) * QUADS + quad);
    }
    for (var d = 0u; d < SLICE / MAT_K; d++) {
      var left = array<subgroup_matrix_left<f16, MAT_K, MAT_M>, DOWN>();
      for (var i = 0u; i < DOWN; i++) {
        left[i] = subgroupMatrixLoad<subgroup_matrix_left<f16, MAT_K, MAT_M>>(
          &sh_a, (first_row + i * MAT_M) * STRIDE + d * MAT_K, false, STRIDE);
      }
      for (var j = 0u; j < ACROSS; j++) {
        let right = subgroupMatrixLoad<subgroup_matrix_right<f16, MAT_N, MAT_K>>(
          &sh_w, (first_col + j * MAT_N) * STRIDE + d * MAT_K, true, STRIDE);
        for (var i = 0u; i < DOWN; i++) {
          acc[i * ACROSS + j] = subgroupMatrixMultiplyAccumulate(left[i], right, acc[i * ACROSS + j]);
        }
      }
    }
    workgroupBarrier();
  }

  let x = thread % 16;
  let y = thread / 16;
  var sums = Sums();
  for (var band = 0u; band < TILE / BAND; band++) {
    for (var i = 0u; i < DOWN; i++) {
      let top = first_row + i * MAT_M;
      if (top / BAND == band) {
        for (var j = 0u; j < ACROSS; j++) {
          let in_band = (top / MAT_M) % (BAND / MAT_M) * MAT_M;
          subgroupMatrixStore(
            &sh_out, in_band * OUT_STRIDE + first_col + j * MAT_N, acc[i * ACROSS + j], false, OUT_STRIDE);
        }
      }
    }
    workgroupBarrier();
    if (band % 4 == y / 4) {
      for (var r = 0u; r < 4; r++) {
        let at = ((y % 4) * 4 + r) * OUT_STRIDE + x * 4;
        sums.low[(band / 4) * 4 + r] = vec4f(sh_out[at], sh_out[at + 1], sh_out[at + 2], sh_out[at + 3]);
        sums.high[(band / 4) * 4 + r] =
          vec4f(sh_out[at + 64], sh_out[at + 65], sh_out[at + 66], sh_out[at + 67]);
      }
    }
    workgroupBarrier();
  }
  return sums;
}
