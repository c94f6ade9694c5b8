// FlexPrefill (arXiv 2502.20766, algorithm 4): causal softmax of the mean queries of blocks against the mean keys of
// blocks, for query-aware heads. The map of a long prompt does not fit: it is made in strips of row blocks, and made
// again where it is needed again, with the same bits.
// Reference: app/reference/flexPrefill.ts, of the whole algorithm.
#import prefix_sum

struct Params {
  head_base: u32,
  // Query heads per KV head.
  group: u32,
  // First row block of the strip, and its row blocks.
  first_row: u32,
  rows: u32,
  // Row blocks of the strip that other dispatches take before.
  offset: u32,
  // Row blocks with queries: first, and how many.
  row_base: u32,
  row_blocks: u32,
  // Blocks of keys.
  blocks: u32,
  dim4: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> query_means: array<vec4f>; // [head][row_blocks][dim4]
@group(0) @binding(2) var<storage, read> key_means: array<vec4f>;   // [KV head][blocks][dim4]
@group(0) @binding(3) var<storage, read> aware: array<u32>;         // [head]
@group(0) @binding(4) var<storage, read_write> map: array<u32>;     // [head of batch][rows][blocks], bits

const LOWEST: f32 = -1e30;

var<workgroup> sh_query: array<vec4f, 64>;

// Dispatch: (row block, head of the batch). A thread reads of the map only what it wrote.
@compute @workgroup_size(PREFIX_THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let head = params.head_base + workgroup.y;
  if (aware[head] == 0) {
    return;
  }
  let place = params.offset + workgroup.x;
  let row = params.first_row + place;
  if (thread < params.dim4) {
    let query = head * params.row_blocks + row - params.row_base;
    sh_query[thread] = query_means[query * params.dim4 + thread] * params.scale;
  }
  workgroupBarrier();
  let base = (workgroup.y * params.rows + place) * params.blocks;
  let key_base = (head / params.group) * params.blocks;
  var largest = LOWEST;
  for (var key = thread; key <= row; key += PREFIX_THREADS) {
    var products = vec4f();
    for (var d = 0u; d < params.dim4; d++) {
      products += sh_query[d] * key_means[(key_base + key) * params.dim4 + d];
    }
    let score = products.x + products.y + products.z + products.w;
    largest = max(largest, score);
    map[base + key] = bitcast<u32>(score);
  }
  largest = tree_max(largest, thread);
  var sum = 0.0;
  for (var key = thread; key <= row; key += PREFIX_THREADS) {
    let weight = exp(bitcast<f32>(map[base + key]) - largest);
    sum += weight;
    map[base + key] = bitcast<u32>(weight);
  }
  sum = tree_sum(sum, thread);
  for (var key = thread; key < params.blocks; key += PREFIX_THREADS) {
    map[base + key] = select(0u, bitcast<u32>(bitcast<f32>(map[base + key]) / sum), key <= row);
  }
}
