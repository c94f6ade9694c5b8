// Which keys an index covers: how many (row block, key) pairs of each bin of consecutive keys its tiles and columns
// hold, for a layer's heads together. For showing, not for computing.

struct Params {
  // Rows of the chunk.
  rows: u32,
  // Position of the chunk's row 0: a row block sees keys up to its last row's position.
  row_position: u32,
  // 0: every head is dense, the lists are not read.
  indexed: u32,
  index_row_blocks: u32,
  tile_capacity: u32,
  column_capacity: u32,
  // A bin is 2^bin_shift keys; at most MOST_BINS bins.
  bin_shift: u32,
  bins: u32,
  // Where the layer's sums begin.
  first_sum: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<vec2<u32>>;     // [head][row block]: tiles, columns
@group(0) @binding(2) var<storage, read> tiles: array<u32>;            // [head][row block][tile_capacity]: first key
@group(0) @binding(3) var<storage, read> columns: array<u32>;          // [head][row block][column_capacity]: key
@group(0) @binding(4) var<storage, read_write> sums: array<atomic<u32>>; // [layer][bins]: pairs

const DENSE_TILES: u32 = 0xffffffff;
const THREADS: u32 = 64;
const MOST_BINS: u32 = 2048;
const BLOCKS: u32 = 16; // row blocks of a workgroup

var<workgroup> sh_sums: array<atomic<u32>, MOST_BINS>;

// Keys from `first` to before `end`, bin by bin.
fn add_keys(first: u32, end: u32) {
  var key = first;
  while (key < end) {
    let bin = key >> params.bin_shift;
    let next = min(end, (bin + 1) << params.bin_shift);
    atomicAdd(&sh_sums[min(bin, MOST_BINS - 1)], next - key);
    key = next;
  }
}

// Dispatch: x = head, y = group of BLOCKS row blocks of the chunk.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let head = workgroup.x;
  for (var bin = thread; bin < params.bins; bin += THREADS) {
    atomicStore(&sh_sums[min(bin, MOST_BINS - 1)], 0u);
  }
  workgroupBarrier();

  let row_blocks = (params.rows + 63) / 64;
  let last_block = min((workgroup.y + 1) * BLOCKS, row_blocks);
  for (var block = workgroup.y * BLOCKS; block < last_block; block++) {
    let seen = params.row_position + min(block * 64 + 64, params.rows);
    let entry = head * params.index_row_blocks + block;
    var listed = vec2u(DENSE_TILES, 0);
    if (params.indexed != 0) {
      listed = counts[entry];
    }
    if (listed.x == DENSE_TILES) {
      for (var bin = thread; bin < params.bins; bin += THREADS) {
        let first = bin << params.bin_shift;
        let end = min(seen, (bin + 1) << params.bin_shift);
        if (first < end) {
          atomicAdd(&sh_sums[min(bin, MOST_BINS - 1)], end - first);
        }
      }
    } else {
      for (var at = thread; at < listed.x; at += THREADS) {
        let first = tiles[entry * params.tile_capacity + at];
        add_keys(first, min(seen, first + 64));
      }
      for (var at = thread; at < listed.y; at += THREADS) {
        let key = columns[entry * params.column_capacity + at];
        add_keys(key, min(seen, key + 1));
      }
    }
  }
  workgroupBarrier();

  for (var bin = thread; bin < params.bins; bin += THREADS) {
    let sum = atomicLoad(&sh_sums[min(bin, MOST_BINS - 1)]);
    if (sum > 0) {
      atomicAdd(&sums[params.first_sum + bin], sum);
    }
  }
}
