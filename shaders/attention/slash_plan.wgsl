// Once a layer, per head, for budget=classic: the chain of 64-wide tiles that MInference's index builder lays along the
// chosen diagonals, and whether the head is better dense (only where asked for).
//
// The builder walks the offsets s in descending order for each row block [start, end). In terms of o, the offset of a
// tile's end (keys [end - o - 64, end - o)), its rule is the same for every row block: let s be the largest offset
// below o; the next tile has o - 64 if s >= o - 64 (the range grows by a whole tile), else s (a new range starts).
// A walk always has o > s' - 64 for the last offset s' passed, so offsets that are 128 or more below their predecessor
// start a range in every row block. Between such breaks the chain is walked once here, breaks in parallel;
// slash_index walks only until it meets this chain.
// Reference: app/reference/slashIndex.ts, of the whole algorithm.
#import prefix_sum

struct Params {
  heads: u32,
  layer: u32,
  keys: u32,
  column_capacity: u32,
  slash_capacity: u32,
  past: u32,
  row_blocks: u32,
  causal_tiles: f32,
  dense_above: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
// Columns [heads][column_capacity]; diagonals j = keys - 1 - offset [heads][slash_capacity], both ascending
@group(0) @binding(1) var<storage, read> chosen: array<u32>;
@group(0) @binding(2) var<storage, read> chosen_counts: array<u32>;     // [2][heads]
@group(0) @binding(3) var<storage, read_write> chain: array<i32>;        // [heads][slash_capacity], o descending
@group(0) @binding(4) var<storage, read_write> chain_counts: array<u32>; // [heads]
@group(0) @binding(5) var<storage, read_write> statistics: array<vec2u>; // [layers][heads]: tiles computed, 1 if dense

const BREAK: i32 = 128;

var<private> slash_base: u32;
var<private> slashes: u32;

fn offset_at(i: u32) -> i32 {
  return i32(params.keys - 1 - chosen[slash_base + i]);
}

fn is_break(i: u32) -> bool {
  return i == 0 || offset_at(i - 1) - offset_at(i) >= BREAK;
}

// Tiles of the chain from break `first` to the next break; written from `at` on if `write`.
fn walk(first: u32, at: u32, write: bool) -> u32 {
  var o = offset_at(first);
  var next = first + 1;
  var count = 0u;
  loop {
    if (write) {
      chain[at + count] = o;
    }
    count++;
    while (next < slashes && offset_at(next) >= o) {
      next++;
    }
    if (next >= slashes || is_break(next)) {
      return count;
    }
    o = select(offset_at(next), o - 64, offset_at(next) >= o - 64);
  }
}

// Dispatch: one workgroup a head; each thread takes the breaks in its share of the offsets.
@compute @workgroup_size(PREFIX_THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let head = group.x;
  slash_base = params.heads * params.column_capacity + head * params.slash_capacity;
  slashes = chosen_counts[params.heads + head];
  let share = (slashes + PREFIX_THREADS - 1) / PREFIX_THREADS;
  let begin = thread * share;
  let end = min(slashes, begin + share);

  var length = 0u;
  for (var i = begin; i < end; i++) {
    if (is_break(i)) {
      length += walk(i, 0, false);
    }
  }
  let sums = prefix_sum(length, thread);
  let chain_base = head * params.slash_capacity;
  var at = chain_base + sums.x;
  for (var i = begin; i < end; i++) {
    if (is_break(i)) {
      at += walk(i, at, true);
    }
  }
  storageBarrier();

  // Row blocks whose first position is at least o have that tile.
  var tiles = 0.0;
  for (var i = thread; i < sums.y; i += PREFIX_THREADS) {
    let o = u32(max(0, chain[chain_base + i]));
    let missing = select(0u, (o - params.past + 63) / 64, o > params.past);
    tiles += f32(params.row_blocks - min(missing, params.row_blocks));
  }
  tiles = tree_sum(tiles, thread);
  var columns = 0.0;
  for (var i = thread; i < chosen_counts[head]; i += PREFIX_THREADS) {
    let column = chosen[head * params.column_capacity + i];
    let missing = select(0u, (column - params.past) / 64 + 1, column >= params.past);
    columns += f32(params.row_blocks - min(missing, params.row_blocks));
  }
  columns = tree_sum(columns, thread) / 64;
  let computed = tiles + columns * max(0.0, 1.0 - tiles / params.causal_tiles);
  if (thread == 0) {
    chain_counts[head] = sums.y;
    let dense = computed > params.dense_above * params.causal_tiles;
    statistics[params.layer * params.heads + head] = vec2u(0, select(0u, 1u, dense));
  }
}
