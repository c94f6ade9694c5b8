// Once a layer, per head, for budget=scaled: the chosen bands as a bitmask, and whether the head is better dense.
// Reference: app/reference/bandIndex.ts, of the whole algorithm.
#import prefix_sum

struct Params {
  heads: u32,
  layer: u32,
  column_capacity: u32,
  band_capacity: u32,
  mask_words: u32,
  // First row's position, and row blocks of the whole prompt.
  past: u32,
  row_blocks: u32,
  // Tiles that a dense head computes.
  causal_tiles: f32,
  // Dense above this share of them.
  dense_above: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> chosen: array<u32>; // columns [heads][column_capacity], bands [heads][band_capacity]
@group(0) @binding(2) var<storage, read> chosen_counts: array<u32>;             // [2][heads]
@group(0) @binding(3) var<storage, read_write> bands: array<atomic<u32>>;       // [heads][mask_words]
@group(0) @binding(4) var<storage, read_write> statistics: array<vec2u>; // [layers][heads]: tiles computed, 1 if dense

fn bands_at(head: u32, word: u32) -> u32 {
  if (word >= params.mask_words) {
    return 0u;
  }
  return atomicLoad(&bands[head * params.mask_words + word]);
}

// Dispatch: one workgroup a head.
@compute @workgroup_size(PREFIX_THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let head = group.x;
  for (var i = thread; i < params.mask_words; i += PREFIX_THREADS) {
    atomicStore(&bands[head * params.mask_words + i], 0u);
  }
  storageBarrier();
  let band_base = params.heads * params.column_capacity + head * params.band_capacity;
  for (var i = thread; i < chosen_counts[params.heads + head]; i += PREFIX_THREADS) {
    let band = chosen[band_base + i];
    atomicOr(&bands[head * params.mask_words + band / 32], 1u << (band % 32));
  }
  storageBarrier();

  // Tiles of all row blocks, as band_index will choose them; a word more, for what the last bands carry over.
  let row_blocks = params.row_blocks;
  let first_distance = (params.past + 63) / 64; // largest tile distance in the first row block
  let wide = (params.past + 1) % 64 > 1;
  var tiles = 0.0;
  for (var word = thread; word <= params.mask_words; word += PREFIX_THREADS) {
    let own = bands_at(head, word);
    var below = 0u;
    if (word > 0) {
      below = bands_at(head, word - 1);
    }
    var distances = own | (own << 1) | (below >> 31);
    if (wide) {
      distances |= (own << 2) | (below >> 30);
    }
    while (distances != 0) {
      let distance = word * 32 + firstTrailingBit(distances);
      distances &= distances - 1;
      let missing = max(distance, first_distance) - first_distance;
      if (missing < row_blocks) {
        // In the row block whose largest distance this is, it is the first tile, counted below.
        tiles += f32(row_blocks - missing) - select(0.0, 1.0, distance >= first_distance);
      }
    }
  }
  tiles = tree_sum(tiles, thread) + f32(row_blocks);

  var columns = 0.0;
  for (var i = thread; i < chosen_counts[head]; i += PREFIX_THREADS) {
    let column = chosen[head * params.column_capacity + i];
    let missing = select(0u, (column - params.past) / 64 + 1, column >= params.past);
    columns += f32(row_blocks - min(missing, row_blocks));
  }
  columns = tree_sum(columns, thread) / 64;
  // Columns inside tiles are dropped; taken as if they were spread evenly.
  let computed = tiles + columns * max(0.0, 1.0 - tiles / params.causal_tiles);
  if (thread == 0) {
    let dense = computed > params.dense_above * params.causal_tiles;
    statistics[params.layer * params.heads + head] = vec2u(0, select(0u, 1u, dense));
  }
}
