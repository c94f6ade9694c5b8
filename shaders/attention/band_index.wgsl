// The tile index of budget=scaled for one chunk of rows, or several of as many row blocks in one dispatch. Band b (offsets 64 b to 64 b + 63) lies within the tiles at
// distance b and b + 1 from a row block's last tile, mostly also b + 2 where row blocks are not aligned to tiles (past
// no multiple of 64). The first tile is always taken; columns outside the tiles are gathered.
#import prefix_sum
#import column_list

struct Params {
  heads: u32,
  layer: u32,
  row_blocks: u32,
  // Position of the first chunk's first row, and the number of keys.
  row_position: u32,
  keys: u32,
  // Row blocks that reach this position are dense.
  dense_from: u32,
  tile_capacity: u32,
  column_capacity: u32,
  // Room of a head in `chosen`.
  chosen_columns: u32,
  mask_words: u32,
  // Distances of chunks in counts, tiles and columns.
  counts_stride: u32,
  tiles_stride: u32,
  columns_stride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> chosen: array<u32>;        // [heads][chosen_columns] ascending
@group(0) @binding(2) var<storage, read> chosen_counts: array<u32>; // [heads]
@group(0) @binding(3) var<storage, read> bands: array<u32>;         // [heads][mask_words]
@group(0) @binding(4) var<storage, read_write> statistics: array<atomic<u32>>; // [layers][heads][2]
@group(0) @binding(5) var<storage, read_write> counts: array<vec2u>; // [chunk][heads][row_blocks]: tiles, columns
@group(0) @binding(6) var<storage, read_write> tiles: array<u32>;    // [chunk][heads][row_blocks][tile_capacity]
@group(0) @binding(7) var<storage, read_write> columns: array<u32>;  // [chunk][heads][row_blocks][column_capacity]

const DENSE_TILES: u32 = 0xffffffff;
const MOST_WORDS: u32 = 512; // 2^20 keys

var<workgroup> sh_tiles: array<u32, MOST_WORDS>;

fn band_word(head: u32, word: i32) -> u32 {
  if (word < 0 || u32(word) >= params.mask_words) {
    return 0u;
  }
  return bands[head * params.mask_words + u32(word)];
}

// Bits [first, first + 32) of the head's bands.
fn band_bits(head: u32, first: i32) -> u32 {
  let word = first >> 5u;
  let shift = u32(first & 31);
  let low = band_word(head, word) >> shift;
  if (shift == 0) {
    return low;
  }
  return low | (band_word(head, word + 1) << (32 - shift));
}

fn outside(column: u32) -> bool {
  return (sh_tiles[column / 2048] & (1u << (column / 64 % 32))) == 0;
}

// Dispatch: (row block, head, chunk).
@compute @workgroup_size(PREFIX_THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let head = group.y;
  let place = head * params.row_blocks + group.x;
  let position = params.row_position + (group.z * params.row_blocks + group.x) * 64;
  let end = min(position + 64, params.keys);
  let last = (end - 1) / 64;
  let statistic = (params.layer * params.heads + head) * 2;

  let dense = end > params.dense_from || atomicLoad(&statistics[statistic + 1]) != 0;
  let words = last / 32 + 1;

  // Tiles as a bitmask, ascending; distances from the last tile of a full row block descend meanwhile.
  let far = i32((position + 63) / 64);
  // 64 rows and 64 offsets reach over 127 keys: three tiles, but two where the last key is the end of one.
  let wide = (position + 1) % 64 > 1;
  let share = (words + PREFIX_THREADS - 1) / PREFIX_THREADS;
  let word_end = min(words, (thread + 1) * share);
  var found = 0u;
  for (var word = thread * share; word < word_end; word++) {
    let nearest = far - 31 - i32(word * 32);
    var bits = band_bits(head, nearest) | band_bits(head, nearest - 1);
    if (wide) {
      bits |= band_bits(head, nearest - 2);
    }
    bits = reverseBits(bits);
    if (word == 0) {
      bits |= 1;
    }
    if (word == last / 32) {
      bits &= 0xffffffffu >> (31 - last % 32);
    }
    bits = select(bits, 0u, dense);
    sh_tiles[word] = bits;
    found += countOneBits(bits);
  }
  workgroupBarrier();
  // Columns before the row block: a run of the ascending list.
  let limit = select(position, 0u, dense);
  let sums = prefix_sums(vec2u(found, count_columns(head, limit, thread)), thread);
  let tile_count = sums.z;
  let column_count = sums.w;

  let tiles_first = group.z * params.tiles_stride + place * params.tile_capacity;
  let tiles_end = tiles_first + params.tile_capacity;
  var at = tiles_first + sums.x;
  for (var word = thread * share; word < word_end; word++) {
    var bits = sh_tiles[word];
    while (bits != 0 && at < tiles_end) {
      tiles[at] = (word * 32 + firstTrailingBit(bits)) * 64;
      bits &= bits - 1;
      at++;
    }
  }
  let columns_first = group.z * params.columns_stride + place * params.column_capacity;
  list_columns(head, limit, columns_first + sums.y, thread);

  if (thread == 0) {
    counts[group.z * params.counts_stride + place] = select(vec2u(tile_count, column_count), vec2u(DENSE_TILES, 0), dense);
    let computed = select(tile_count + (column_count + 63) / 64, last + 1, dense);
    atomicAdd(&statistics[statistic], computed);
  }
}
