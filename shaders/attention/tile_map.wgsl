// A coarse picture of what an index computes: the square of row blocks by key tiles in cells, and in each cell how many
// tiles and how many gathered columns there are. For showing, not for computing.

struct Params {
  // Rows of the chunk, and the row block of the prompt that is the chunk's first.
  rows: u32,
  first_block: u32,
  heads: u32,
  // Which map is head 0's.
  first_map: u32,
  // 0: every head is dense, the lists are not read.
  indexed: u32,
  index_row_blocks: u32,
  tile_capacity: u32,
  column_capacity: u32,
  // Cells of a side, and row blocks (and tiles) of a cell's side.
  cells: u32,
  blocks_per_cell: u32,
  // What a column adds: a cell full of them stays below 2^16.
  column_scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<vec2<u32>>;     // [head][row block]: tiles, columns
@group(0) @binding(2) var<storage, read> tiles: array<u32>;            // [head][row block][tile_capacity]: first key
@group(0) @binding(3) var<storage, read> columns: array<u32>;          // [head][row block][column_capacity]: key
// [map][row of cells][cells]: tiles in the low 16 bits, scaled columns in the high
@group(0) @binding(4) var<storage, read_write> maps: array<u32>;

const DENSE_TILES: u32 = 0xffffffff;
const THREADS: u32 = 64;
const MOST_CELLS: u32 = 128;

var<workgroup> sh_tiles: array<atomic<u32>, MOST_CELLS>;
var<workgroup> sh_columns: array<atomic<u32>, MOST_CELLS>;

// Dispatch: x = head, y = row of cells, counted from the chunk's first. Chunks may share a row: they run in order.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let head = workgroup.x;
  let side = params.blocks_per_cell;
  let cell_row = params.first_block / side + workgroup.y;
  for (var cell = thread; cell < params.cells; cell += THREADS) {
    atomicStore(&sh_tiles[cell], 0u);
    atomicStore(&sh_columns[cell], 0u);
  }
  workgroupBarrier();

  let first = max(cell_row * side, params.first_block);
  let end = min((cell_row + 1) * side, params.first_block + (params.rows + 63) / 64);
  for (var block = first; block < end; block++) {
    let entry = head * params.index_row_blocks + block - params.first_block;
    var listed = vec2u(DENSE_TILES, 0);
    if (params.indexed != 0) {
      listed = counts[entry];
    }
    let walks_all = listed.x == DENSE_TILES;
    let tile_count = select(listed.x, block + 1, walks_all);
    for (var at = thread; at < tile_count; at += THREADS) {
      var tile = at;
      if (!walks_all) {
        // A tile at any alignment is counted where most of it lies.
        tile = (tiles[entry * params.tile_capacity + at] + 32) / 64;
      }
      atomicAdd(&sh_tiles[min(min(tile, block) / side, params.cells - 1)], 1u);
    }
    if (!walks_all) {
      for (var at = thread; at < listed.y; at += THREADS) {
        let key = columns[entry * params.column_capacity + at];
        atomicAdd(&sh_columns[min(key / 64 / side, params.cells - 1)], 1u);
      }
    }
  }
  workgroupBarrier();

  let row = ((params.first_map + head) * params.cells + cell_row) * params.cells;
  for (var cell = thread; cell < params.cells; cell += THREADS) {
    let scaled = u32(ceil(f32(atomicLoad(&sh_columns[cell])) * params.column_scale));
    if (cell_row < params.cells) {
      maps[row + cell] += atomicLoad(&sh_tiles[cell]) | (min(scaled, 0xffffu) << 16);
    }
  }
}
