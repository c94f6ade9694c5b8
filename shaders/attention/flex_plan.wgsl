// FlexPrefill (arXiv 2502.20766, algorithms 2 and 3), once a layer for each head: is attention by mean keys like
// attention (Jensen-Shannon), and which blocks of columns and which block diagonals hold most of the last queries'.
// Reference: app/reference/flexPrefill.ts, of the whole algorithm.
#import half
#import prefix_sum

struct Params {
  heads: u32,
  layer: u32,
  head_base: u32,
  batch: u32,
  keys: u32,
  block: u32,
  blocks: u32,
  tail_rows: u32,
  dim4: u32,
  // Query heads per KV head.
  group: u32,
  // Where the diagonals begin in `scores`.
  diagonal_base: u32,
  mask_words: u32,
  least_blocks: u32,
  tau: f32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> tail: array<half4>;      // [head][tail_rows][dim4]
@group(0) @binding(2) var<storage, read> key_means: array<vec4f>; // [KV head][blocks][dim4]; unread where tau is 0
// Bits of sums: columns [head of batch][keys], from diagonal_base on diagonals j = keys - 1 - offset likewise
@group(0) @binding(3) var<storage, read> scores: array<u32>;
@group(0) @binding(4) var<storage, read> covers: array<vec2u>;    // [2][batch]; .y: entries that cover gamma
@group(0) @binding(5) var<storage, read_write> pooled: array<u32>; // [head of batch][3][blocks]
@group(0) @binding(6) var<storage, read_write> masks: array<atomic<u32>>; // [head][2][mask_words]: columns, diagonals
@group(0) @binding(7) var<storage, read_write> aware: array<u32>;      // [head]: 1 if query-aware
@group(0) @binding(8) var<storage, read_write> statistics: array<u32>; // [layer][head]: tiles, zeroed here

const FORCED: u32 = 0x7f800000; // above every finite float
const LOWEST: f32 = -1e30;

var<workgroup> sh_query: array<vec4f, 64>;

// Sets the bits of the `wanted` largest of pooled[base ..]; of equals those with the lowest index. `wanted` is at most
// `blocks`. Uniform control flow only.
fn choose(base: u32, wanted: u32, mask_base: u32, from_end: bool, thread: u32) {
  var threshold = 0u;
  for (var bit = 0u; bit < 32; bit++) {
    let candidate = threshold | (0x80000000u >> bit);
    var reach = 0u;
    for (var i = thread; i < params.blocks; i += PREFIX_THREADS) {
      reach += select(0u, 1u, pooled[base + i] >= candidate);
    }
    if (prefix_sum(reach, thread).y >= wanted) {
      threshold = candidate;
    }
  }
  let share = (params.blocks + PREFIX_THREADS - 1) / PREFIX_THREADS;
  let end = min(params.blocks, (thread + 1) * share);
  var above = 0u;
  var same = 0u;
  for (var i = thread * share; i < end; i++) {
    above += select(0u, 1u, pooled[base + i] > threshold);
    same += select(0u, 1u, pooled[base + i] == threshold);
  }
  let ties = wanted - prefix_sum(above, thread).y;
  var rank = prefix_sum(same, thread).x;
  for (var i = thread * share; i < end; i++) {
    let bits = pooled[base + i];
    if (bits > threshold || (bits == threshold && rank < ties)) {
      let at = select(i, params.blocks - 1 - i, from_end);
      atomicOr(&masks[mask_base + at / 32], 1u << (at % 32));
    }
    rank += select(0u, 1u, bits == threshold);
  }
}

// Square root of the Jensen-Shannon divergence of two shares' sums; a share of 0 adds nothing, its limit.
fn divergence_term(p: f32, q: f32) -> f32 {
  let middle = (p + q) / 2;
  return select(0.0, 0.5 * p * log(max(p, 1e-37) / middle), p > 0)
    + select(0.0, 0.5 * q * log(max(q, 1e-37) / middle), q > 0);
}

// Distance between the softmax of the last queries' mean over mean keys, and their attention by block (sums at
// `columns`). Uniform control flow only.
fn divergence(head: u32, columns: u32, guesses: u32, thread: u32) -> f32 {
  if (thread < params.dim4) {
    var sum = vec4f();
    for (var row = 0u; row < params.tail_rows; row++) {
      sum += from_half(tail[(head * params.tail_rows + row) * params.dim4 + thread]);
    }
    sh_query[thread] = sum * (params.scale / f32(params.tail_rows));
  }
  workgroupBarrier();
  let key_base = (head / params.group) * params.blocks;
  var largest = LOWEST;
  for (var b = thread; b < params.blocks; b += PREFIX_THREADS) {
    var products = vec4f();
    for (var d = 0u; d < params.dim4; d++) {
      products += sh_query[d] * key_means[(key_base + b) * params.dim4 + d];
    }
    let guess = products.x + products.y + products.z + products.w;
    largest = max(largest, guess);
    pooled[guesses + b] = bitcast<u32>(guess);
  }
  largest = tree_max(largest, thread);
  var weights = 0.0;
  for (var b = thread; b < params.blocks; b += PREFIX_THREADS) {
    weights += exp(bitcast<f32>(pooled[guesses + b]) - largest);
  }
  weights = tree_sum(weights, thread);
  var terms = 0.0;
  for (var b = thread; b < params.blocks; b += PREFIX_THREADS) {
    let guess = exp(bitcast<f32>(pooled[guesses + b]) - largest) / weights;
    terms += divergence_term(guess, bitcast<f32>(pooled[columns + b]) / f32(params.tail_rows));
  }
  return sqrt(max(0.0, tree_sum(terms, thread)));
}

// Dispatch: one workgroup a head of the batch.
@compute @workgroup_size(PREFIX_THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let head = params.head_base + workgroup.x;
  let columns = workgroup.x * 3 * params.blocks;
  let diagonals = columns + params.blocks;
  let mask_base = head * 2 * params.mask_words;
  for (var i = thread; i < 2 * params.mask_words; i += PREFIX_THREADS) {
    atomicStore(&masks[mask_base + i], 0u);
  }
  for (var b = thread; b < params.blocks; b += PREFIX_THREADS) {
    let end = min(params.keys, (b + 1) * params.block);
    var column = 0.0;
    var diagonal = 0.0;
    for (var i = b * params.block; i < end; i++) {
      column += bitcast<f32>(scores[workgroup.x * params.keys + i]);
      diagonal += bitcast<f32>(scores[params.diagonal_base + workgroup.x * params.keys + i]);
    }
    pooled[columns + b] = bitcast<u32>(column);
    pooled[diagonals + b] = bitcast<u32>(diagonal);
  }
  var is_aware = false;
  if (params.tau > 0) {
    is_aware = divergence(head, columns, diagonals + params.blocks, thread) < params.tau;
  }
  if (thread == 0) {
    aware[head] = select(0u, 1u, is_aware);
    statistics[params.layer * params.heads + head] = 0;
    // The first column and the diagonal are always among the chosen. Each is forced by the thread that wrote its sum:
    // writes of two threads would be in no order.
    pooled[columns] = FORCED;
  }
  if (thread == (params.blocks - 1) % PREFIX_THREADS) {
    pooled[diagonals + params.blocks - 1] = FORCED;
  }
  storageBarrier();
  workgroupBarrier();
  // 128 in the source too, whatever the block.
  let wanted = vec2u(covers[workgroup.x].y, covers[params.batch + workgroup.x].y) / 128 + 1;
  let least = min(params.least_blocks, params.blocks);
  let budgets = select(clamp(wanted, vec2u(least), vec2u(params.blocks)), vec2u(least), is_aware);
  choose(columns, budgets.x, mask_base, false, thread);
  choose(diagonals, budgets.y, mask_base + params.mask_words, true, thread);
}
