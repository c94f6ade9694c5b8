// Copies the lists of some heads from one tile index into another: a layer whose heads follow different patterns has
// an index of each, and this takes each head's own (MInference, arXiv 2407.02490, section 3.2: a pattern for each head).
// Reference: app/reference/mergeIndex.ts

struct Params {
  layer: u32,
  heads: u32,
  row_blocks: u32,
  // The part that is copied: heads whose entry in `parts` is this.
  own_part: u32,
  tile_capacity: u32,
  column_capacity: u32,
  merged_tile_capacity: u32,
  merged_column_capacity: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> parts: array<u32>;   // [layer][head]
@group(0) @binding(2) var<storage, read> counts: array<vec2u>; // [head][row block]: tiles, columns
@group(0) @binding(3) var<storage, read> tiles: array<u32>;    // [head][row block][tile_capacity]
@group(0) @binding(4) var<storage, read> columns: array<u32>;  // [head][row block][column_capacity]
@group(0) @binding(5) var<storage, read_write> merged_counts: array<vec2u>;
@group(0) @binding(6) var<storage, read_write> merged_tiles: array<u32>;
@group(0) @binding(7) var<storage, read_write> merged_columns: array<u32>;

const WORKGROUP: u32 = 64;
const DENSE_TILES: u32 = 0xffffffff;

// Dispatch: (row block, head).
@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let head = group.y;
  if (parts[params.layer * params.heads + head] != params.own_part) {
    return;
  }
  let place = head * params.row_blocks + group.x;
  let count = counts[place];
  if (thread == 0) {
    merged_counts[place] = count;
  }
  if (count.x == DENSE_TILES) {
    return;
  }
  for (var i = thread; i < min(count.x, params.merged_tile_capacity); i += WORKGROUP) {
    merged_tiles[place * params.merged_tile_capacity + i] = tiles[place * params.tile_capacity + i];
  }
  for (var i = thread; i < min(count.y, params.merged_column_capacity); i += WORKGROUP) {
    merged_columns[place * params.merged_column_capacity + i] = columns[place * params.column_capacity + i];
  }
}
