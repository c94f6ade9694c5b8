// matmul_tile by subgroup matrices: the same tile, products of f16 with sums in f32. Slices of both operands are staged
// [row][k] as they lie in memory; each subgroup makes a rectangle of fragments. The sums leave through workgroup memory, 16
// rows at a time, as what a fragment's threads hold is not specified, and are not returned: the importer declares
//   fn keep(row: u32, col: u32, low: vec4f, high: vec4f)   of row 0..127, columns col + 0..3 and col + 64 + 0..3
// 29 KiB of workgroup memory for slices of 32 k, 45 KiB for slices of 64.
//
// Cells go from memory to registers to workgroup memory untouched: whatever is done to a value right after its load makes a
// thread wait for memory. Zeros past the end are put in when a slice is staged. Eight halves stored one after another become
// wide stores; members rather than arrays hold a thread's cells, which must stay in registers.
//
// Rows are 8 elements longer than what they hold, so that the rows of a fragment start in different banks. The browser
// guards a fragment's load, and gives it a stride that isn't constant, unless it can prove the bounds: loops count by one,
// and what depends on a thread or subgroup is taken modulo a power of two.
const TILE_THREADS: u32 = 256;
const TILE: u32 = 128;
alias cell_a = vec4u;
alias cell_w = vec4u;

// Fragments: MAT_M x MAT_K times MAT_K x MAT_N; the first two divide 16, the last 32. Subgroups of a workgroup, as rows
// and columns of rectangles. k of a slice: 32 or 64.
#const MAT_M: u32
#const MAT_N: u32
#const MAT_K: u32
#const SUB_ROWS: u32
#const SUB_COLS: u32
#const SLICE: u32

const STRIDE: u32 = SLICE + 8;
// Cells of a slice's row, rows that the workgroup stages at a time, and rows of each operand that a thread stages: 2 or 4.
const CELLS: u32 = SLICE / 8;
const STAGED: u32 = TILE_THREADS / CELLS;
const EACH: u32 = TILE / STAGED;
// Fragments of a subgroup.
const DOWN: u32 = TILE / SUB_ROWS / MAT_M;
const ACROSS: u32 = TILE / SUB_COLS / MAT_N;
const BAND: u32 = 16;
const OUT_STRIDE: u32 = TILE + 8;

var<workgroup> sh_a: array<f16, TILE * STRIDE>;
var<workgroup> sh_w: array<f16, TILE * STRIDE>;
var<workgroup> sh_out: array<f32, BAND * OUT_STRIDE>;

// A thread's cell of rows `row` + 0, 1, 2, 3 times STAGED of an operand: what it holds, and where such rows start.
struct Cells {
  a: vec4u,
  b: vec4u,
  c: vec4u,
  d: vec4u,
}

fn starts_a(row: u32, cells: u32) -> vec4u {
  var at = vec4u(start_a(row, cells), start_a(row + STAGED, cells), 0, 0);
  if (EACH > 2) {
    at.z = start_a(row + 2 * STAGED, cells);
    at.w = start_a(row + 3 * STAGED, cells);
  }
  return at;
}

fn starts_w(row: u32, cells: u32) -> vec4u {
  var at = vec4u(start_w(row, cells), start_w(row + STAGED, cells), 0, 0);
  if (EACH > 2) {
    at.z = start_w(row + 2 * STAGED, cells);
    at.w = start_w(row + 3 * STAGED, cells);
  }
  return at;
}

fn fetch_cells_a(starts: vec4u, cell: u32) -> Cells {
  var got = Cells();
  got.a = fetch_a(starts.x + cell);
  got.b = fetch_a(starts.y + cell);
  if (EACH > 2) {
    got.c = fetch_a(starts.z + cell);
    got.d = fetch_a(starts.w + cell);
  }
  return got;
}

fn fetch_cells_w(starts: vec4u, cell: u32) -> Cells {
  var got = Cells();
  got.a = fetch_w(starts.x + cell);
  got.b = fetch_w(starts.y + cell);
  if (EACH > 2) {
    got.c = fetch_w(starts.z + cell);
    got.d = fetch_w(starts.w + cell);
  }
  return got;
}

// Bounds are proved within a function: hence the modulo of what is a parameter.
fn put_a(row: u32, place: u32, cell: vec4u) {
  let at = (row % TILE) * STRIDE + (place % CELLS) * 8;
  let low = bitcast<vec4<f16>>(cell.xy);
  let high = bitcast<vec4<f16>>(cell.zw);
  sh_a[at] = low.x;
  sh_a[at + 1] = low.y;
  sh_a[at + 2] = low.z;
  sh_a[at + 3] = low.w;
  sh_a[at + 4] = high.x;
  sh_a[at + 5] = high.y;
  sh_a[at + 6] = high.z;
  sh_a[at + 7] = high.w;
}

fn put_w(row: u32, place: u32, cell: vec4u) {
  let at = (row % TILE) * STRIDE + (place % CELLS) * 8;
  let low = bitcast<vec4<f16>>(cell.xy);
  let high = bitcast<vec4<f16>>(cell.zw);
  sh_w[at] = low.x;
  sh_w[at + 1] = low.y;
  sh_w[at + 2] = low.z;
  sh_w[at + 3] = low.w;
  sh_w[at + 4] = high.x;
  sh_w[at + 5] = high.y;
  sh_w[at + 6] = high.z;
  sh_w[at + 7] = high.w;
}

// `subgroup` is the builtin's value: what is derived from it is uniform in a subgroup. `length4` is even.
fn tile_product(thread: u32, subgroup: u32, length4: u32) {
  let first_row = ((subgroup / SUB_COLS) % SUB_ROWS) * (TILE / SUB_ROWS);
  let first_col = (subgroup % SUB_COLS) * (TILE / SUB_COLS);
  let cells = length4 / 2;
  let cell = thread % CELLS;
  let row = (thread / CELLS) % STAGED;
  let a_starts = starts_a(row, cells);
  let w_starts = starts_w(row, cells);
  var acc = array<subgroup_matrix_result<f32, MAT_N, MAT_M>, DOWN * ACROSS>();
  let slices = (cells + CELLS - 1) / CELLS;
  var from_a = fetch_cells_a(a_starts, min(cell, cells - 1));
  var from_w = fetch_cells_w(w_starts, min(cell, cells - 1));
  for (var slice = 0u; slice < slices; slice++) {
    if (slice * CELLS + cell >= cells) {
      from_a = Cells();
      from_w = Cells();
    }
    put_a(row, cell, from_a.a);
    put_a(row + STAGED, cell, from_a.b);
    put_w(row, cell, from_w.a);
    put_w(row + STAGED, cell, from_w.b);
    if (EACH > 2) {
      put_a(row + 2 * STAGED, cell, from_a.c);
      put_a(row + 3 * STAGED, cell, from_a.d);
      put_w(row + 2 * STAGED, cell, from_w.c);
      put_w(row + 3 * STAGED, cell, from_w.d);
    }
    workgroupBarrier();
    // The next slice is fetched while this one is used.
    if (slice + 1 < slices) {
      let next = min((slice + 1) * CELLS + cell, cells - 1);
      from_a = fetch_cells_a(a_starts, next);
      from_w = fetch_cells_w(w_starts, next);
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

  let x = (thread % 16) * 4;
  let y = (thread / 16) % BAND;
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
    let at = y * OUT_STRIDE + x;
    keep(band * BAND + y, x,
      vec4f(sh_out[at], sh_out[at + 1], sh_out[at + 2], sh_out[at + 3]),
      vec4f(sh_out[at + 64], sh_out[at + 65], sh_out[at + 66], sh_out[at + 67]));
    workgroupBarrier();
  }
}
