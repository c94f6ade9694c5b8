// What kernels of attention over a tile index share: their Params, and the walk of one row block of one head over its
// keys: tiles, then columns in groups. The importer declares the lists among its bindings (`counts`, `tiles`, `columns`)
//   const STEP_KEYS: u32    keys of a step: 64, or a part of it that divides 64
struct Params {
  // Rows of the chunk, and the row block where this dispatch starts.
  rows: u32,
  first_row_block: u32,
  row_blocks: u32,
  // Position of the chunk's row 0: row i sees keys <= row_position + i.
  row_position: u32,
  // Keys that are valid, at least 1; what the cache holds after them is never seen.
  keys: u32,
  // Rows per head of q, and per KV head of k and v.
  q_stride: u32,
  key_stride: u32,
  // Query heads in this dispatch, the first of them, heads of the model, and query heads per KV head.
  heads: u32,
  head_base: u32,
  total_heads: u32,
  group: u32,
  // 0: dense, the lists are not read.
  indexed: u32,
  index_row_blocks: u32,
  tile_capacity: u32,
  column_capacity: u32,
  // Softmax scale times log2(e).
  scale: f32,
  // Parts of every dense walk, and the part of workgroup z = 0. Above 1, parts are split_rows apart in `out`, and row
  // first_row_block * 64 is its row 0.
  splits: u32,
  first_split: u32,
  split_rows: u32,
}

const DENSE_TILES: u32 = 0xffffffff;
const NO_KEY: u32 = 0xffffffff;
// Masked scores lie far below the least running maximum, so that exp2 of their difference is 0 even in a row
// that sees no key at all.
const MASKED: f32 = -1e30;
const LEAST_MAX: f32 = -1e20;
const STEPS_PER_TILE: u32 = 64 / STEP_KEYS;

struct Walk {
  // (head, row block) in the index.
  entry: u32,
  // All causal tiles, without a list.
  all: bool,
  // Steps of tiles in all, and the columns after them; of these, this workgroup takes steps first .. end - 1.
  tile_steps: u32,
  columns: u32,
  first: u32,
  end: u32,
}

// What one step of a walk covers; uniform.
struct Step {
  gathered: bool,
  // First key of a tile or its part, or first entry of the group of columns.
  first: u32,
  // Columns left in the group.
  count: u32,
}

// Only a walk over all tiles is split.
fn walk_of(head: u32, block: u32, split: u32) -> Walk {
  var walk = Walk();
  walk.entry = head * params.index_row_blocks + block;
  let last_row = min(block * 64 + 63, params.rows - 1);
  let causal_tiles = min(params.keys - 1, params.row_position + last_row) / 64 + 1;
  var listed = vec2u(DENSE_TILES, 0);
  if (params.indexed != 0) {
    listed = counts[walk.entry];
  }
  walk.all = listed.x == DENSE_TILES;
  let tile_count = select(listed.x, causal_tiles, walk.all);
  walk.columns = select(listed.y, 0u, walk.all);
  walk.tile_steps = tile_count * STEPS_PER_TILE;
  walk.first = (split * tile_count / params.splits) * STEPS_PER_TILE;
  walk.end = ((split + 1) * tile_count / params.splits) * STEPS_PER_TILE + (walk.columns + STEP_KEYS - 1) / STEP_KEYS;
  return walk;
}

fn step_at(walk: Walk, at: u32) -> Step {
  var step = Step();
  step.gathered = at >= walk.tile_steps;
  if (step.gathered) {
    let done = (at - walk.tile_steps) * STEP_KEYS;
    step.first = walk.entry * params.column_capacity + done;
    step.count = min(STEP_KEYS, walk.columns - done);
  } else if (walk.all) {
    step.first = at * STEP_KEYS;
  } else {
    let part = (at % STEPS_PER_TILE) * STEP_KEYS;
    step.first = tiles[walk.entry * params.tile_capacity + at / STEPS_PER_TILE] + part;
  }
  return step;
}

fn key_at(step: Step, slot: u32) -> u32 {
  if (!step.gathered) {
    return step.first + slot;
  }
  return select(NO_KEY, columns[step.first + min(slot, step.count - 1)], slot < step.count);
}

// Whether a row block that starts at `position` must not see every key of the step. Only tiles that reach past the
// block's first row or the last key are masked; of columns, the last group has gaps.
fn hides(step: Step, position: u32) -> bool {
  let least_last = min(position, params.keys - 1);
  let short = step.count < STEP_KEYS || least_last < position;
  return select(step.first + STEP_KEYS - 1 > least_last, short, step.gathered);
}
