// What an index costs 64 sampled rows of each head, added to the head's sums: attention mass kept, squared error and
// squared norm of the output, and tiles computed. One workgroup owns a head's sums, and dispatches run in order.
// Outputs are f32 in every tier: in 16 bits their rounding would pass for an error of about 3e-4.
#import prefix_sum

struct Params {
  // Rows of the chunk, and the row block of 64 that is sampled.
  rows: u32,
  row_block: u32,
  // Tiles that a dense head computes for this row block.
  causal_tiles: u32,
  heads: u32,
  // Where the sums of head 0 stand.
  first_sum: u32,
  // 0: every head is dense, the counts are not read.
  indexed: u32,
  index_row_blocks: u32,
  dim4: u32,
  // Parts that the dense masses come in.
  splits: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> sparse_masses: array<vec2f>; // [head][64], of `sampled_mass`
@group(0) @binding(2) var<storage, read> dense_masses: array<vec2f>;  // [split][heads][64]
@group(0) @binding(3) var<storage, read> sparse_out: array<vec4f>;    // [row][heads][dim4]
@group(0) @binding(4) var<storage, read> dense_out: array<vec4f>;
@group(0) @binding(5) var<storage, read> counts: array<vec2<u32>>;    // [head][row block]: tiles, columns
// Mass kept in rows, squared error, squared norm, tiles: [.. first_sum + head]
@group(0) @binding(6) var<storage, read_write> sums: array<vec4f>;

const DENSE_TILES: u32 = 0xffffffff;
const BLOCK_ROWS: u32 = 64;
const LEAST_MAX: f32 = -1e20;

// Dispatch: x = head.
@compute @workgroup_size(PREFIX_THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let head = workgroup.x;
  let first_row = params.row_block * BLOCK_ROWS;
  let live_rows = min(BLOCK_ROWS, params.rows - first_row);

  var kept = 0.0;
  if (thread < live_rows) {
    let sparse = sparse_masses[head * BLOCK_ROWS + thread];
    var dense = vec2f(LEAST_MAX, 0);
    for (var split = 0u; split < params.splits; split++) {
      let part = dense_masses[(split * params.heads + head) * BLOCK_ROWS + thread];
      let largest = max(dense.x, part.x);
      dense = vec2f(largest, dense.y * exp2(dense.x - largest) + part.y * exp2(part.x - largest));
    }
    // A row that sees no key of the index keeps nothing: its sum is 0.
    kept = exp2(sparse.x - dense.x) * sparse.y / dense.y;
  }
  var error = 0.0;
  var norm = 0.0;
  for (var i = thread; i < live_rows * params.dim4; i += PREFIX_THREADS) {
    let at = ((first_row + i / params.dim4) * params.heads + head) * params.dim4 + i % params.dim4;
    let dense = dense_out[at];
    let difference = sparse_out[at] - dense;
    error += dot(difference, difference);
    norm += dot(dense, dense);
  }
  kept = tree_sum(kept, thread);
  error = tree_sum(error, thread);
  norm = tree_sum(norm, thread);

  if (thread == 0) {
    var tiles = f32(params.causal_tiles);
    if (params.indexed != 0) {
      let listed = counts[head * params.index_row_blocks + params.row_block];
      if (listed.x != DENSE_TILES) {
        tiles = f32(listed.x + (listed.y + 63) / 64);
      }
    }
    sums[params.first_sum + head] += vec4f(kept, error, norm, tiles);
  }
}
