// FlexPrefill: the tile index of one chunk of rows. A block of 128 is two tiles; those after the last row are left out.
// Reference: app/reference/flexPrefill.ts, of the whole algorithm.
#import prefix_sum
#import flex_active

struct Params {
  heads: u32,
  head_base: u32,
  layer: u32,
  row_blocks: u32,
  // Position of the chunk's first row, and keys.
  position: u32,
  keys: u32,
  block: u32,
  blocks: u32,
  mask_words: u32,
  // Strip of the map: first row block and row blocks.
  map_first: u32,
  map_rows: u32,
  tile_capacity: u32,
  // A head with more tiles than this is dense.
  most_tiles: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> masks: array<u32>;       // [head][2][mask_words]: columns, diagonals
@group(0) @binding(2) var<storage, read> aware: array<u32>;       // [head]
@group(0) @binding(3) var<storage, read> map: array<u32>;         // [head of batch][map_rows][blocks], bits
@group(0) @binding(4) var<storage, read> thresholds: array<vec2u>; // [head]
@group(0) @binding(5) var<storage, read> statistics: array<u32>;  // [layer][head]: tiles
@group(0) @binding(6) var<storage, read_write> counts: array<vec2u>; // [head][row block]: tiles, columns
@group(0) @binding(7) var<storage, read_write> tiles: array<u32>;    // [head][row block][tile_capacity]

const DENSE_TILES: u32 = 0xffffffff;
const MOST_WORDS: u32 = 512; // 2^20 keys in blocks of 64

var<workgroup> sh_active: array<u32, MOST_WORDS>;

// Dispatch: (64-row block of the chunk, head of the batch).
@compute @workgroup_size(PREFIX_THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  head_of_batch = group.y;
  head = params.head_base + group.y;
  let place = head * params.row_blocks + group.x;
  let position = params.position + group.x * 64;
  let end = min(position + 64, params.keys);
  let last = (end - 1) / 64;
  let dense = statistics[params.layer * params.heads + head] > params.most_tiles;
  let block_tiles = params.block / 64;
  let words = select(last / block_tiles / 32 + 1, 0u, dense);
  // Words in turn, so that no thread has several of the map's rows; runs of them afterwards, for the order.
  for (var word = thread; word < words; word += PREFIX_THREADS) {
    sh_active[word] = active_of_rows(position, end, word);
  }
  workgroupBarrier();
  let share = (words + PREFIX_THREADS - 1) / PREFIX_THREADS;
  let run_end = min(words, (thread + 1) * share);
  var found = 0u;
  for (var word = thread * share; word < run_end; word++) {
    found += countOneBits(sh_active[word]) * block_tiles;
  }
  let sums = prefix_sum(found, thread);
  var at = sums.x;
  for (var word = thread * share; word < run_end; word++) {
    var bits = sh_active[word];
    while (bits != 0) {
      let first = (word * 32 + firstTrailingBit(bits)) * block_tiles;
      bits &= bits - 1;
      for (var tile = first; tile < first + block_tiles; tile++) {
        if (tile <= last && at < params.tile_capacity) {
          tiles[place * params.tile_capacity + at] = tile * 64;
        }
        at++;
      }
    }
  }
  if (thread == 0) {
    // The block on the diagonal is always active, and comes last.
    let beyond = (last / block_tiles + 1) * block_tiles - 1 - last;
    counts[place] = select(vec2u(sums.y - beyond, 0), vec2u(DENSE_TILES, 0), dense);
  }
}
