// FlexPrefill: how many 64-wide tiles a head computes, which is what makes it dense where they are too many.
// Reference: app/reference/flexPrefill.ts, of the whole algorithm.
#import prefix_sum
#import flex_active

struct Params {
  heads: u32,
  head_base: u32,
  layer: u32,
  // First 64-row block of the dispatch; position of the prompt's first row; keys.
  first: u32,
  past: u32,
  keys: u32,
  block: u32,
  blocks: u32,
  mask_words: u32,
  // Strip of the map: first row block and row blocks.
  map_first: u32,
  map_rows: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> masks: array<u32>;       // [head][2][mask_words]: columns, diagonals
@group(0) @binding(2) var<storage, read> aware: array<u32>;       // [head]
@group(0) @binding(3) var<storage, read> map: array<u32>;         // [head of batch][map_rows][blocks], bits
@group(0) @binding(4) var<storage, read> thresholds: array<vec2u>; // [head]
@group(0) @binding(5) var<storage, read_write> statistics: array<atomic<u32>>; // [layer][head]: tiles

// Dispatch: (64-row block, head of the batch).
@compute @workgroup_size(PREFIX_THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  head_of_batch = group.y;
  head = params.head_base + group.y;
  let position = params.past + (params.first + group.x) * 64;
  let end = min(position + 64, params.keys);
  let last = (end - 1) / params.block;
  var active_blocks = 0u;
  for (var word = thread; word <= last / 32; word += PREFIX_THREADS) {
    active_blocks += countOneBits(active_of_rows(position, end, word));
  }
  let total = prefix_sum(active_blocks, thread).y;
  if (thread == 0) {
    // The block on the diagonal is always active; its tiles after the last row's own are not computed.
    let tiles = params.block / 64;
    let beyond = (last + 1) * tiles - 1 - (end - 1) / 64;
    atomicAdd(&statistics[params.layer * params.heads + head], total * tiles - beyond);
  }
}
