// The tile index of XAttention (arXiv 2503.16428, section 2.2): of each 128 rows the blocks of 128 keys with the largest
// sums until they hold `threshold` of all, the first block and the diagonal always. No sort: bisection over the bits of
// the sums finds the least that is kept, and equal ones go by their index; where the original sorts 32 blocks or fewer, it
// sorts by a network whose order of equal ones is its own, and so does this. Sums are whole numbers, so no order decides.
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
  // 16 or 32: blocks that the network sorts, zeros after the causal ones; 0: no network.
  network_blocks: u32,
  // The share to hold, as a fraction of 64 bits.
  threshold_high: u32,
  threshold_low: u32,
  // Lists above this share of the causal tiles are dense.
  dense_above: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> sums: array<u32>;           // [unit - first_unit][stride / 2][blocks]
@group(0) @binding(2) var<storage, read_write> counts: array<vec2u>; // [heads][row_blocks]: tiles, columns
@group(0) @binding(3) var<storage, read_write> tiles: array<u32>;    // [heads][row_blocks][tile_capacity]
// Tiles computed, and row blocks that are dense: [layers][heads][2]
@group(0) @binding(4) var<storage, read_write> statistics: array<atomic<u32>>;

const DENSE_TILES: u32 = 0xffffffff;
const NONE: u32 = 0x7fffffff; // above every sum: one is at most 16, and there are 24 bits after the point
const NETWORK: u32 = 32;
const LEADS: u32 = 0x80000000;

var<workgroup> sh_sum: array<u32, PREFIX_THREADS>;
var<workgroup> sh_sorted: array<vec2u, NETWORK>; // key, block; a block past those that are sorted is no block

var<private> base: u32;
var<private> blocks: u32;
var<private> own: u32;
var<private> late: bool;

// Kept in any case, and counted before the others.
fn leads(block: u32) -> bool {
  return block >= own || (block == 0 && !late);
}

// Sum over all threads.
fn sum_of(value: u32, thread: u32) -> u32 {
  sh_sum[thread] = value;
  workgroupBarrier();
  for (var stride = PREFIX_THREADS / 2; stride > 0; stride /= 2) {
    if (thread < stride) {
      sh_sum[thread] += sh_sum[thread + stride];
    }
    workgroupBarrier();
  }
  let sum = sh_sum[0];
  workgroupBarrier();
  return sum;
}

// Largest over all threads.
fn max_of(value: u32, thread: u32) -> u32 {
  sh_sum[thread] = value;
  workgroupBarrier();
  for (var stride = PREFIX_THREADS / 2; stride > 0; stride /= 2) {
    if (thread < stride) {
      sh_sum[thread] = max(sh_sum[thread], sh_sum[thread + stride]);
    }
    workgroupBarrier();
  }
  let largest = sh_sum[0];
  workgroupBarrier();
  return largest;
}

// Sum over the blocks that do not lead and lie above the cut.
fn sum_above(cut: u32, thread: u32) -> u32 {
  var sum = 0u;
  for (var block = thread; block < blocks; block += PREFIX_THREADS) {
    let value = sums[base + block];
    sum += select(0u, value, !leads(block) && value > cut);
  }
  return sum_of(sum, thread);
}

// a * b as (low, high).
fn product(a: u32, b: u32) -> vec2u {
  let low = (a & 0xffff) * (b & 0xffff);
  let cross = (a >> 16) * (b & 0xffff) + (low >> 16);
  let other = (a & 0xffff) * (b >> 16) + (cross & 0xffff);
  return vec2u((other << 16) | (low & 0xffff), (a >> 16) * (b >> 16) + (cross >> 16) + (other >> 16));
}

// The least whole sum that is not below `all` times the threshold. The original multiplies in f64, where what comes
// within 2^-24 of a whole number is one.
fn required_of(all: u32) -> u32 {
  let fine = product(all, params.threshold_low).y;
  let coarse = product(all, params.threshold_high);
  let fraction = coarse.x + fine;
  let whole = coarse.y + select(0u, 1u, fraction < fine);
  return whole + select(0u, 1u, fraction > 0xff);
}

// One pair of the network: sorted descending, blocks that are none last. Equal ones change places unless `ascending`.
fn compare(at: u32, other: u32, ascending: bool) {
  let a = sh_sorted[at];
  let b = sh_sorted[other];
  let in_order = b.y >= params.network_blocks || (a.y < params.network_blocks && a.x > b.x);
  if (in_order == ascending) {
    sh_sorted[at] = b;
    sh_sorted[other] = a;
  }
}

// The blocks in the order of PyTorch's bitonic sort, which MInference's code calls.
fn sort_blocks(thread: u32) {
  if (thread < NETWORK) {
    var key = 0u;
    if (thread < blocks) {
      key = sums[base + thread] | select(0u, LEADS, leads(thread));
    }
    sh_sorted[thread] = vec2u(key, thread);
  }
  for (var size = 2u; size <= NETWORK; size *= 2) {
    for (var step = size / 2; step > 0; step /= 2) {
      workgroupBarrier();
      if (thread < NETWORK / 2) {
        let at = 2 * thread - thread % step;
        compare(at, at + step, size < NETWORK && (thread & (size / 2)) != 0);
      }
    }
  }
  workgroupBarrier();
}

// Blocks that are kept beside those that lead, as bits: in sorted order while what is held is too little.
fn kept_of_sorted(required: u32, lead: u32) -> u32 {
  let lag = select(0u, 1u, late);
  var bits = 0u;
  var held = lead;
  var sums_before = vec2u(); // of the last block and the one before it
  var place = 0u; // among those that do not lead
  for (var i = 0u; i < params.network_blocks; i++) {
    let entry = sh_sorted[i];
    if (entry.x < LEADS) {
      held += select(sums_before.x, sums_before.y, late);
      let little = select(held, 0u, place < lag) < required;
      bits |= select(0u, 1u << entry.y, little && entry.y < blocks);
      sums_before = vec2u(entry.x, sums_before.x);
      place++;
    }
  }
  return bits;
}

// Of the 32 blocks of a thread those that are kept beside those that lead, as bits.
fn kept_above_cut(required: u32, lead: u32, thread: u32) -> u32 {
  // The least cut above which there is too little: what lies above is kept, and of what equals it as much as is needed.
  let needed = max(required, lead) - lead;
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
  var equal = (missing + cut - 1) / cut;
  // One block more where the original adds up a step late.
  var present = 0u;
  var next = 0u; // one more than the largest below the cut
  for (var block = thread; block < blocks; block += PREFIX_THREADS) {
    let value = sums[base + block];
    if (!leads(block)) {
      present += select(0u, 1u, value == cut);
      next = max(next, select(0u, value + 1, value < cut));
    }
  }
  present = sum_of(present, thread);
  next = max_of(next, thread);
  if (late && required > 0) {
    if (equal < present) {
      equal++;
    } else if (next > 0) {
      cut = next - 1;
      equal = 1;
    }
  }

  // Those above the cut, and the first of the equal ones.
  var at_cut = 0u;
  var bits = 0u;
  for (var i = 0u; i < 32; i++) {
    let block = thread * 32 + i;
    if (block < blocks && !leads(block)) {
      let value = sums[base + block];
      at_cut |= select(0u, 1u << i, value == cut);
      bits |= select(0u, 1u << i, value > cut);
    }
  }
  let before = prefix_sum(countOneBits(at_cut), thread).x;
  for (var taken = before; at_cut != 0 && taken < equal; taken++) {
    bits |= at_cut & (~at_cut + 1);
    at_cut &= at_cut - 1;
  }
  return bits;
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

  var lead = 0u;
  var all = 0u;
  for (var block = thread; block < blocks; block += PREFIX_THREADS) {
    let value = sums[base + block];
    all += value;
    lead += select(0u, value, leads(block));
  }
  lead = sum_of(lead, thread);
  let required = required_of(sum_of(all, thread));

  // Each thread owns 32 blocks.
  var bits = 0u;
  if (params.network_blocks > 0) {
    sort_blocks(thread);
    if (thread == 0) {
      bits = kept_of_sorted(required, lead);
    }
  } else {
    bits = kept_above_cut(required, lead, thread);
  }
  for (var i = 0u; i < 32; i++) {
    let block = thread * 32 + i;
    bits |= select(0u, 1u << i, block < blocks && (leads(block) || block == 0));
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
