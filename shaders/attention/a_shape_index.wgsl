// The tile index of A-shape (StreamingLLM, arXiv 2309.17453; MInference's `streaming_forward`): the first `init` keys,
// in whole tiles and the rest as columns, and a window of tiles that holds the last `local` keys of every row. The same
// for every head. Reference: app/reference/aShapeIndex.ts

struct Params {
  heads: u32,
  row_blocks: u32,
  row_position: u32,
  keys: u32,
  // First keys, and keys of the window.
  init: u32,
  local: u32,
  // Row blocks that reach this position are dense.
  dense_from: u32,
  tile_capacity: u32,
  column_capacity: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> counts: array<vec2u>; // [heads][row_blocks]: tiles, columns
@group(0) @binding(2) var<storage, read_write> tiles: array<u32>;    // [heads][row_blocks][tile_capacity]
@group(0) @binding(3) var<storage, read_write> columns: array<u32>;  // [heads][row_blocks][column_capacity]

const WORKGROUP: u32 = 64;
const DENSE_TILES: u32 = 0xffffffff;

// Dispatch: (row block, head).
@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = group.y * params.row_blocks + group.x;
  let position = params.row_position + group.x * 64;
  let end = min(position + 64, params.keys);
  let last = (end - 1) / 64;
  // The window of the first row begins at position - local + 1.
  let window = (max(position + 1, params.local) - params.local) / 64;
  let whole = params.init / 64;
  let sinks = min(whole, window);
  let count = sinks + last - window + 1;
  for (var i = thread; i < min(count, params.tile_capacity); i += WORKGROUP) {
    tiles[place * params.tile_capacity + i] = 64 * select(window + i - sinks, i, i < sinks);
  }
  // First keys beyond whole tiles, unless the window holds them.
  let gathered = select(0u, params.init % 64, whole < window);
  for (var i = thread; i < min(gathered, params.column_capacity); i += WORKGROUP) {
    columns[place * params.column_capacity + i] = whole * 64 + i;
  }
  if (thread == 0) {
    let dense = end > params.dense_from;
    counts[place] = select(vec2u(count, gathered), vec2u(DENSE_TILES, 0), dense);
  }
}
