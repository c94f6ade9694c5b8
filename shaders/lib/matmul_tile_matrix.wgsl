// matmul_tile by subgroup matrices: the same tile, the same result layout, products of f16 with sums in f32. Slices of
// 32 k of both operands are staged [row][k] in f16; each subgroup makes a rectangle of fragments. The sums leave through
// workgroup memory, 16 rows at a time, as what a fragment's threads hold is not specified. 28 KiB of workgroup memory.
//
// Rows are 8 halves longer than a slice, so that the rows of a fragment start in different banks.
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

var<workgroup> sh_a: array<f16, TILE * STRIDE>;
var<workgroup> sh_w: array<f16, TILE * STRIDE>;
var<workgroup> sh_out: array<f32, BAND * TILE>;

// As in matmul_tile: row r of the thread's sums, columns thread_x * 4 + 0..3 in `low[r]`, the same + 64 in `high[r]`.
struct Sums {
  low: array<vec4f, 8>,
  high: array<vec4f, 8>,
}

fn tile_row(thread: u32, r: u32) -> u32 {
  return (r / 4) * 64 + (thread / 16) * 4 + r % 4;
}

// `subgroup` is the builtin's value: what is derived from it is uniform in a subgroup.
fn tile_product(thread: u32, subgroup: u32, length4: u32) -> Sums {
  let first_row = (subgroup / SUB_COLS) * (TILE / SUB_ROWS);
  let first_col = (subgroup % SUB_COLS) * (TILE / SUB_COLS);
  let quad = thread % QUADS;
  let row = thread / QUADS;
  var acc = array<subgroup_matrix_result<f32, MAT_N, MAT_M>, DOWN * ACROSS>();
  for (var k4 = 0u; k4 < length4; k4 += QUADS) {
    for (var at = row; at < TILE; at += STAGED) {
      let from_a = vec4h(load_a(at, k4 + quad));
      let from_w = vec4h(load_w(at, k4 + quad));
      for (var i = 0u; i < 4; i++) {
        sh_a[at * STRIDE + quad * 4 + i] = from_a[i];
        sh_w[at * STRIDE + quad * 4 + i] = from_w[i];
      }
    }
    workgroupBarrier();
    for (var k = 0u; k < SLICE; k += MAT_K) {
      var left = array<subgroup_matrix_left<f16, MAT_K, MAT_M>, DOWN>();
      for (var i = 0u; i < DOWN; i++) {
        left[i] = subgroupMatrixLoad<subgroup_matrix_left<f16, MAT_K, MAT_M>>(
          &sh_a, (first_row + i * MAT_M) * STRIDE + k, false, STRIDE);
      }
      for (var j = 0u; j < ACROSS; j++) {
        let right = subgroupMatrixLoad<subgroup_matrix_right<f16, MAT_N, MAT_K>>(
          &sh_w, (first_col + j * MAT_N) * STRIDE + k, true, STRIDE);
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
          subgroupMatrixStore(
            &sh_out, (top % BAND) * TILE + first_col + j * MAT_N, acc[i * ACROSS + j], false, TILE);
        }
      }
    }
    workgroupBarrier();
    if (band % 4 == y / 4) {
      for (var r = 0u; r < 4; r++) {
        let at = ((y % 4) * 4 + r) * TILE + x * 4;
        sums.low[(band / 4) * 4 + r] = vec4f(sh_out[at], sh_out[at + 1], sh_out[at + 2], sh_out[at + 3]);
        sums.high[(band / 4) * 4 + r] =
          vec4f(sh_out[at + 64], sh_out[at + 65], sh_out[at + 66], sh_out[at + 67]);
      }
    }
    workgroupBarrier();
  }
  return sums;
}
