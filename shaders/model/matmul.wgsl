// Matrix product with a weight matrix: out = a w^T (+ bias), or out += it, which is how the residual is updated.
#import activation
#import matmul_tile

struct Params {
  // Rows of a to use, from row `a_first` on; out starts at row `out_first`.
  rows: u32,
  a_first: u32,
  out_first: u32,
  // Rows of w to use, from row `w_first` on: the columns of out. A multiple of 4.
  cols: u32,
  w_first: u32,
  // Length of a row of a and w in vec4s, even.
  length4: u32,
  has_bias: u32,
  accumulate: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<cell_a>;       // [row][length4 in cells]
@group(0) @binding(2) var<storage, read> w: array<cell_w>;       // [col][length4 in cells]
@group(0) @binding(3) var<storage, read> bias: array<half4>;     // [col / 4], from w's row 0
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>; // [row][cols / 4]

var<private> row_base: u32;
var<private> col_base: u32;

fn start_a(row: u32, cells: u32) -> u32 {
  // Rows past the end repeat the last one; they are never stored.
  return (params.a_first + min(row_base + row, params.rows - 1)) * cells;
}

fn start_w(col: u32, cells: u32) -> u32 {
  return (params.w_first + min(col_base + col, params.cols - 1)) * cells;
}

fn fetch_a(at: u32) -> cell_a {
  return a[at];
}

fn fetch_w(at: u32) -> cell_w {
  return w[at];
}

fn store(row: u32, col: u32, sum: vec4f) {
  if (row >= params.rows || col >= params.cols) {
    return;
  }
  var value = sum;
  if (params.has_bias != 0) {
    value += from_half(bias[(params.w_first + col) / 4]);
  }
  let at = (params.out_first + row) * (params.cols / 4) + col / 4;
  if (params.accumulate != 0) {
    value += out[at];
  }
  out[at] = value;
}

// Of a row of out: sums of four columns from `col` on, and of those 32, 64 and 96 further.
fn keep_row(row: u32, col: u32, low: vec4f, low_next: vec4f, high: vec4f, high_next: vec4f) {
  store(row, col, low);
  store(row, col + 32, low_next);
  store(row, col + 64, high);
  store(row, col + 96, high_next);
}

fn keep(row: u32, col: u32, low: vec4f, high: vec4f) {
  store(row_base + row, col_base + col, low);
  store(row_base + row, col_base + col + TILE / 2, high);
}

// Dispatch: x = column tile, y = row tile, TILE x TILE each.
@compute @workgroup_size(TILE_THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) thread: u32,
#if subgroup_matrix
  @builtin(subgroup_id) subgroup: u32,
#endif
) {
  row_base = group.y * TILE;
  col_base = group.x * TILE;
#if subgroup_matrix
  tile_product(thread, subgroup, params.length4);
#else
  tile_product(thread, 0, params.length4);
#endif
}
