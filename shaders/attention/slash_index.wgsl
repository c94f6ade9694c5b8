// The tile index of budget=classic for one chunk of rows: key for key what MInference's index builder covers
// (csrc/vertical_slash_index.cu; its rule as a chain is in slash_plan). For a row block [start, end): diagonals with an
// offset of end or more are skipped; offsets in (start, end) all clamp to the range [0, 64), whose o is `start`; then
// the chain. Columns inside a tile are dropped, others are kept if they lie below the last range.
#import prefix_sum
#import column_list

struct Params {
  heads: u32,
  layer: u32,
  row_blocks: u32,
  row_position: u32,
  keys: u32,
  tile_capacity: u32,
  column_capacity: u32,
  // Room of a head in `chosen`.
  chosen_columns: u32,
  slash_capacity: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> chosen: array<u32>; // columns [heads][chosen_columns], diagonals [heads][slash_capacity]
@group(0) @binding(2) var<storage, read> chosen_counts: array<u32>;  // [2][heads]
@group(0) @binding(3) var<storage, read> chain: array<i32>;          // [heads][slash_capacity], o descending
@group(0) @binding(4) var<storage, read> chain_counts: array<u32>;   // [heads]
@group(0) @binding(5) var<storage, read_write> statistics: array<atomic<u32>>; // [layers][heads][2]
@group(0) @binding(6) var<storage, read_write> counts: array<vec2u>; // [heads][row_blocks]: tiles, columns
@group(0) @binding(7) var<storage, read_write> tiles: array<u32>;    // [heads][row_blocks][tile_capacity]
@group(0) @binding(8) var<storage, read_write> columns: array<u32>;  // [heads][row_blocks][column_capacity]

const DENSE_TILES: u32 = 0xffffffff;

var<workgroup> sh_walked: u32;
var<workgroup> sh_joined: u32;
var<private> slash_base: u32;
var<private> slashes: u32;
var<private> tile_base: u32;
var<private> tile_count: u32;

fn offset_at(i: u32) -> i32 {
  return i32(params.keys - 1 - chosen[slash_base + i]);
}

// First place, in the descending list of offsets, of one below `bound`.
fn first_below(bound: i32) -> u32 {
  var low = 0u;
  var high = slashes;
  while (low < high) {
    let middle = (low + high) / 2;
    if (offset_at(middle) < bound) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

// First place in the head's chain of a tile with an o of at most `bound`.
fn chain_from(base: u32, length: u32, bound: i32) -> u32 {
  var low = 0u;
  var high = length;
  while (low < high) {
    let middle = (low + high) / 2;
    if (chain[base + middle] <= bound) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

// Is the column in none of the row block's `tile_count` tiles?
fn outside(column: u32) -> bool {
  var low = 0u;
  var high = tile_count;
  while (low < high) {
    let middle = (low + high) / 2;
    if (tiles[tile_base + middle] <= column) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low == 0 || column >= tiles[tile_base + max(low, 1) - 1] + 64;
}

// Dispatch: (row block, head).
@compute @workgroup_size(PREFIX_THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let head = group.y;
  let place = head * params.row_blocks + group.x;
  let start = params.row_position + group.x * 64;
  let end = i32(start + 64);
  slash_base = params.heads * params.chosen_columns + head * params.slash_capacity;
  slashes = chosen_counts[params.heads + head];
  tile_base = place * params.tile_capacity;
  let chain_base = head * params.slash_capacity;
  let chain_length = chain_counts[head];
  let statistic = (params.layer * params.heads + head) * 2;
  let dense = atomicLoad(&statistics[statistic + 1]) != 0;

  if (thread == 0 && !dense) {
    var walked = 0u;
    var joined = chain_length;
    var next = first_below(end);
    if (next < slashes) {
      var o = min(i32(start), offset_at(next));
      joined = chain_from(chain_base, chain_length, o);
      while (joined >= chain_length || chain[chain_base + joined] != o) {
        if (walked < params.tile_capacity) {
          tiles[tile_base + walked] = u32(end - o - 64);
          walked++;
        }
        next = first_below(o);
        if (next >= slashes) {
          joined = chain_length;
          break;
        }
        o = select(offset_at(next), o - 64, offset_at(next) >= o - 64);
        while (joined < chain_length && chain[chain_base + joined] > o) {
          joined++;
        }
      }
    } else {
      // No chosen diagonal reaches this row block; the original never returns then. Its own tile, so that none is empty.
      tiles[tile_base] = start;
      walked = 1;
    }
    sh_walked = walked;
    sh_joined = joined;
  }
  workgroupBarrier();
  let walked = sh_walked;
  let joined = sh_joined;
  let live_length = select(chain_length, 0u, dense);
  for (var i = joined + thread; i < live_length; i += PREFIX_THREADS) {
    let at = walked + i - joined;
    if (at < params.tile_capacity) {
      tiles[tile_base + at] = u32(end - chain[chain_base + i] - 64);
    }
  }
  storageBarrier();
  workgroupBarrier();
  let count = select(min(walked + chain_length - joined, params.tile_capacity), 0u, dense);

  // Columns below the last tile: a run of the ascending list.
  tile_count = count;
  var limit = 0u;
  if (count > 0) {
    limit = tiles[tile_base + count - 1];
  }
  let sums = prefix_sum(count_columns(head, limit, thread), thread);
  let column_count = sums.y;
  list_columns(head, limit, place * params.column_capacity + sums.x, thread);

  if (thread == 0) {
    counts[place] = select(vec2u(count, column_count), vec2u(DENSE_TILES, 0), dense);
    let causal = (min(u32(end), params.keys) - 1) / 64 + 1;
    atomicAdd(&statistics[statistic], select(count + (column_count + 63) / 64, causal, dense));
  }
}
