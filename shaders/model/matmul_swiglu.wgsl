// The gated half of the MLP in one product: out = silu(a gate^T) * (a up^T) (Shazeer 2020, SwiGLU).
// The first half of a tile's columns are gate rows and the second the matching up rows, so each thread holds both factors.
#import activation
#import matmul_tile

struct Params {
  rows: u32,
  // Width of the MLP: rows of gate, and of up after it. A multiple of 4.
  cols: u32,
  // Even.
  length4: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<cell_a>;        // [row][length4 in cells]
@group(0) @binding(2) var<storage, read> w: array<cell_w>;        // [gate, up][cols][length4 in cells]
@group(0) @binding(3) var<storage, read_write> out: array<act4>;  // [row][cols / 4]

var<private> row_base: u32;
var<private> col_base: u32;

fn start_a(row: u32, cells: u32) -> u32 {
  // Rows past the end repeat the last one; they are never stored.
  return min(row_base + row, params.rows - 1) * cells;
}

fn start_w(col: u32, cells: u32) -> u32 {
  let half = TILE / 2;
  return (min(col_base + col % half, params.cols - 1) + select(0u, params.cols, col >= half)) * cells;
}

fn fetch_a(at: u32) -> cell_a {
  return a[at];
}

fn fetch_w(at: u32) -> cell_w {
  return w[at];
}

fn store(row: u32, col: u32, gate: vec4f, up: vec4f) {
  if (row < params.rows && col < params.cols) {
    out[row * (params.cols / 4) + col / 4] = to_act(gate / (1.0 + exp(-gate)) * up);
  }
}

// Of a row of out: sums of four gates and, 64 columns further in the tile, their ups; and of those 32 further.
fn keep_row(row: u32, col: u32, low: vec4f, low_next: vec4f, high: vec4f, high_next: vec4f) {
  store(row, col, low, high);
  store(row, col + 32, low_next, high_next);
}

fn keep(row: u32, col: u32, low: vec4f, high: vec4f) {
  store(row_base + row, col_base + col, low, high);
}

// Dispatch: x = tile of TILE / 2 columns, y = tile of TILE rows.
@compute @workgroup_size(TILE_THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) thread: u32,
#if subgroup_matrix
  @builtin(subgroup_id) subgroup: u32,
#endif
) {
  row_base = group.y * TILE;
  col_base = group.x * (TILE / 2);
#if subgroup_matrix
  tile_product(thread, subgroup, params.length4);
#else
  tile_product(thread, 0, params.length4);
#endif
}
