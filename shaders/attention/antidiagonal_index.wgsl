// The tile index of XAttention (arXiv 2503.16428, section 2.2): of each 128 rows the blocks of 128 keys with the largest
// sums until they hold `threshold` of all, the first block and the diagonal always. No sort: bisection over the bits of
// the sums finds the least that is kept, and equal ones go by their index.
// Reference: app/reference/xattention.ts, of the whole algorithm.
#import prefix_sum

struct Params {
  heads: u32,
  layer: u32,
  // Query head of unit 0, unit of workgroup row 0, units of a head; a unit is 64 strided rows.
  head_base: u32,
  first_unit: u32,
  row_tiles: u32,
  stride: u32,
  rows: u32,
  row_position: u32,
  row_blocks: u32,
  blocks: u32, // width of `sums`
  tile_capacity: u32,
  // Blocks that begin before this row keep one block more and count the first like any other: see the reference.
  late_rows: u32,
  threshold: f32,
  // Lists above this share of the causal tiles are dense.
  dense_above: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> sums: array<f32>;           // [unit - first_unit][stride / 2][blocks]
@group(0) @binding(2) var<storage, read_write> counts: array<vec2u>; // [heads][row_blocks]: tiles, columns
@group(0) @binding(3) var<storage, read_write> tiles: array<u32>;    // [heads][row_blocks][tile_capacity]
// Tiles computed, and row blocks that are dense: [layers][heads][2]
@group(0) @binding(4) var<storage, read_write> statistics: array<atomic<u32>>;

const DENSE_TILES: u32 = 0xffffffff;
const NONE: u32 = 0x7f800000; // above every finite sum

var<private> base: u32;
var<private> blocks: u32;
var<private> own: u32;
var<private> late: bool;

// Kept in any case, and counted before the others.
fn leads(block: u32) -> bool {
  return block >= own || (block == 0 && !late);
}

// Sum over the blocks that do not lead and lie above the cut.
fn sum_above(cut: u32, thread: u32) -> f32 {
  var sum = 0.0;
  for (var block = thread; block < blocks; block += PREFIX_THREADS) {
    let value = sums[base + block];
    sum += select(0.0, value, !leads(block) && bitcast<u32>(value) > cut);
  }
  return tree_sum(sum, thread);
}

// Dispatch: (128 rows of a unit, unit).
@compute @workgroup_size(PREFIX_THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let unit = params.first_unit + group.y;
  let head = params.head_base + unit / params.row_tiles;
  let first = (unit % params.row_tiles * 64 * params.stride) + group.x * 128;
  if (first >= params.rows) {
    return;
  }
  let position = params.row_position + first;
  let keys = params.row_position + params.rows;
  base = (group.y * params.stride / 2 + group.x) * params.blocks;
  blocks = (min(position + 128, keys) - 1) / 128 + 1;
  own = position / 128;
  late = first < params.late_rows;

  var lead = 0.0;
  var all = 0.0;
  for (var block = thread; block < blocks; block += PREFIX_THREADS) {
    let value = sums[base + block];
    all += value;
    lead += select(0.0, value, leads(block));
  }
  lead = tree_sum(lead, thread);
  let needed = tree_sum(all, thread) * params.threshold - lead;

  // The least cut above which there is too little: what lies above is kept, and of what equals it as much as is needed.
  var low = 0u;
  var high = NONE;
  for (var i = 0u; i < 31; i++) {
    let middle = (low + high) / 2;
    let little = sum_above(middle, thread) < needed;
    high = select(high, middle, little);
    low = select(middle + 1, low, little);
  }
  var cut = select(NONE, high, needed > 0);
  let missing = needed - sum_above(cut, thread);
  let size = bitcast<f32>(cut);
  var equal = 0u;
  if (cut != NONE && size > 0) {
    equal = u32(clamp(ceil(missing / size), 0.0, 1e6));
  }
  // One block more where the original adds up a step late.
  var present = 0.0;
  var next = -1.0;
  for (var block = thread; block < blocks; block += PREFIX_THREADS) {
    let value = sums[base + block];
    if (!leads(block)) {
      present += select(0.0, 1.0, bitcast<u32>(value) == cut);
      next = max(next, select(-1.0, value, bitcast<u32>(value) < cut));
    }
  }
  present = tree_sum(present, thread);
  next = tree_max(next, thread);
  if (late && f32(equal) < present) {
    equal++;
  } else if (late && next >= 0) {
    cut = bitcast<u32>(next);
    equal = 1;
  }

  // Each thread owns 32 blocks: those above the cut, the first of the equal ones, and what is always kept.
  var at_cut = 0u;
  var bits = 0u;
  for (var i = 0u; i < 32; i++) {
    let block = thread * 32 + i;
    if (block < blocks) {
      let value = bitcast<u32>(sums[base + block]);
      at_cut |= select(0u, 1u << i, value == cut && !leads(block));
      bits |= select(0u, 1u << i, value > cut || leads(block) || block == 0);
    }
  }
  let before = prefix_sum(countOneBits(at_cut), thread).x;
  for (var taken = before; at_cut != 0 && taken < equal; taken++) {
    bits |= at_cut & (~at_cut + 1);
    at_cut &= at_cut - 1;
  }

  for (var row = first; row < first + 128; row += 64) {
    if (row >= params.rows) {
      break;
    }
    let causal = (min(params.row_position + row + 64, keys) - 1) / 64 + 1;
    let place = head * params.row_blocks + row / 64;
    var mine = 0u;
    for (var left = bits; left != 0; left &= left - 1) {
      let tile = (thread * 32 + firstTrailingBit(left)) * 2;
      mine += select(0u, 1u, tile < causal) + select(0u, 1u, tile + 1 < causal);
    }
    let found = prefix_sum(mine, thread);
    var at = found.x;
    for (var left = bits; left != 0; left &= left - 1) {
      let tile = (thread * 32 + firstTrailingBit(left)) * 2;
      for (var i = tile; i < min(tile + 2, causal); i++) {
        if (at < params.tile_capacity) {
          tiles[place * params.tile_capacity + at] = i * 64;
        }
        at++;
      }
    }
    if (thread == 0) {
      let dense = f32(found.y) > params.dense_above * f32(causal) || found.y > params.tile_capacity;
      counts[place] = vec2u(select(found.y, DENSE_TILES, dense), 0);
      let statistic = (params.layer * params.heads + head) * 2;
      atomicAdd(&statistics[statistic], select(found.y, causal, dense));
      atomicAdd(&statistics[statistic + 1], select(0u, 1u, dense));
    }
  }
}
