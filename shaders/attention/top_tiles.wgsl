// The tile index of block-sparse: for each row block the `top_k` tiles of the largest scores, ascending; among equal
// scores those with the lowest index. Radix selection, eight bits a pass, within one workgroup.
// Reference: app/reference/blockSparse.ts, of the whole algorithm.
#import radix_select

struct Params {
  heads: u32,
  layer: u32,
  head_base: u32,
  row_blocks: u32,
  // Position of the chunk's first row, and of the key after its last.
  row_position: u32,
  keys: u32,
  // Tiles per row of `scores`.
  tiles: u32,
  tile_capacity: u32,
  top_k: u32,
  // 1: the first tile, those of the row block itself and the one before are chosen first.
  forced: u32,
  // Lists above this share of the causal tiles are dense.
  dense_above: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scores: array<u32>;         // [head - head_base][row_blocks][tiles]
@group(0) @binding(2) var<storage, read_write> counts: array<vec2u>; // [heads][row_blocks]: tiles, columns
@group(0) @binding(3) var<storage, read_write> tiles: array<u32>;    // [heads][row_blocks][tile_capacity]
// Tiles computed, and row blocks that are dense: [layers][heads][2]
@group(0) @binding(4) var<storage, read_write> statistics: array<atomic<u32>>;

const DENSE_TILES: u32 = 0xffffffff;
const FORCED: u32 = 0xffffffff; // above every finite score

var<workgroup> sh_counts: array<atomic<u32>, 256>;
var<private> row_base: u32;
var<private> position: u32;

fn score_of(tile: u32) -> u32 {
  let own = position / 64;
  var forced = params.forced == 1 && (tile == 0 || tile + 1 >= own);
  // Rows that are not aligned to tiles could otherwise see no key at all. MInference knows no such rows.
  forced = forced || (position % 64 != 0 && tile >= own);
  return select(scores[row_base + tile], FORCED, forced);
}

// Dispatch: (row block, head).
@compute @workgroup_size(PREFIX_THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let head = params.head_base + group.y;
  let place = head * params.row_blocks + group.x;
  row_base = (group.y * params.row_blocks + group.x) * params.tiles;
  position = params.row_position + group.x * 64;
  let causal = (min(position + 64, params.keys) - 1) / 64 + 1;
  let kept = min(params.top_k, causal);

  var threshold = 0u;
  var wanted = kept;
  for (var digit = 0u; digit < 4; digit++) {
    atomicStore(&sh_counts[thread], 0u);
    workgroupBarrier();
    let shift = 24 - 8 * digit;
    let above = ~((2u << (shift + 7)) - 1); // bits of the digits before; none for digit 0
    for (var tile = thread; tile < causal; tile += PREFIX_THREADS) {
      let score = score_of(tile);
      if ((score & above) == threshold) {
        atomicAdd(&sh_counts[(score >> shift) & 255], 1u);
      }
    }
    workgroupBarrier();
    let pick = pick_digit(atomicLoad(&sh_counts[255 - thread]), wanted, thread);
    threshold |= pick.x << shift;
    wanted = pick.y;
    workgroupBarrier();
  }

  // Consecutive tiles a thread, so that places ascend.
  let share = (causal + PREFIX_THREADS - 1) / PREFIX_THREADS;
  let end = min(causal, (thread + 1) * share);
  var found = 0u;
  for (var tile = thread * share; tile < end; tile++) {
    let score = score_of(tile);
    found += select(0u, 0x10000u, score > threshold) + select(0u, 1u, score == threshold);
  }
  // Both counts are at most 16384, so one sum carries them.
  let before = prefix_sum(found, thread).x;
  var larger = before >> 16;
  var equal = before & 0xffff;
  for (var tile = thread * share; tile < end; tile++) {
    let score = score_of(tile);
    let at = larger + min(equal, wanted);
    if ((score > threshold || (score == threshold && equal < wanted)) && at < params.tile_capacity) {
      tiles[place * params.tile_capacity + at] = tile * 64;
    }
    larger += select(0u, 1u, score > threshold);
    equal += select(0u, 1u, score == threshold);
  }

  if (thread == 0) {
    let dense = f32(kept) > params.dense_above * f32(causal);
    counts[place] = vec2u(select(kept, DENSE_TILES, dense), 0);
    let statistic = (params.layer * params.heads + head) * 2;
    atomicAdd(&statistics[statistic], select(kept, causal, dense));
    atomicAdd(&statistics[statistic + 1], select(0u, 1u, dense));
  }
}
