// Softmax mass that 64 sampled query rows of each head give to the keys of an index, or to all causal keys: of each
// row the largest score and the sum of exp2(score - largest). The ratio of two such sums is MInference's attention
// recall (Jiang et al. 2024, section 3.1). Scores only: V is not read, and nothing is kept of a key.
// An index counts what it lists, as in `tile_attention`: its tiles with the causal mask, then its columns.
// One row block is few workgroups, so all causal keys can be split over more of them; `sampled_error` joins the parts.
#import score_tile

struct Params {
  // Rows of the chunk, and the row block of 64 that is sampled.
  rows: u32,
  row_block: u32,
  // Position of the chunk's row 0: row i sees keys <= row_position + i.
  row_position: u32,
  // Keys that are valid, at least 1.
  keys: u32,
  // Rows per head of q, and per KV head of k.
  q_stride: u32,
  key_stride: u32,
  // First query head of this dispatch, and query heads per KV head.
  head_base: u32,
  group: u32,
  // 0: all causal keys, the lists are not read.
  indexed: u32,
  index_row_blocks: u32,
  tile_capacity: u32,
  column_capacity: u32,
  dim4: u32,
  // Softmax scale times log2(e).
  scale: f32,
  // Parts of the walk over all causal keys, and masses from one part to the next; 1 with an index.
  splits: u32,
  split_stride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<half4>;             // [head][q_stride][dim4]
@group(0) @binding(2) var<storage, read> k: array<half4>;             // [KV head of this dispatch][key_stride][dim4]
@group(0) @binding(3) var<storage, read> counts: array<vec2<u32>>;    // [head][row block]: tiles, columns
@group(0) @binding(4) var<storage, read> tiles: array<u32>;           // [head][row block][tile_capacity]: first key
@group(0) @binding(5) var<storage, read> columns: array<u32>;         // [head][row block][column_capacity]: key
@group(0) @binding(6) var<storage, read_write> masses: array<vec2f>;  // [split][head][64]: largest score, sum

const DENSE_TILES: u32 = 0xffffffff;
const NO_KEY: u32 = 0xffffffff;
// Masked scores lie far below the least running maximum, so that exp2 of their difference is 0.
const MASKED: f32 = -1e30;
const LEAST_MAX: f32 = -1e20;

var<workgroup> sh_keys: array<u32, SCORE_KEYS>;
var<private> query_base: u32;
var<private> key_base: u32;

// Row `row` of the row block.
fn load_query4(row: u32, dim: u32) -> vec4f {
  let at = params.row_block * SCORE_ROWS + row;
  let live = at < params.rows && dim < params.dim4;
  let value = from_half(q[select(0u, (query_base + at) * params.dim4 + dim, live)]);
  return select(vec4f(), value, live);
}

// The key in slot `slot` of the current step.
fn load_key4(slot: u32, dim: u32) -> vec4f {
  let key = sh_keys[slot];
  let live = key < params.keys && dim < params.dim4;
  let value = from_half(k[select(0u, (key_base + key) * params.dim4 + dim, live)]);
  return select(vec4f(), value, live);
}

// Dispatch: x = head of this dispatch, y = split. A thread owns 8 rows and 8 slots of every step, and keeps its own maxima and
// sums; the 16 threads of a row are joined once, at the end.
@compute @workgroup_size(SCORE_THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let head = params.head_base + workgroup.x;
  query_base = head * params.q_stride;
  key_base = (workgroup.x / params.group) * params.key_stride;
  let row8 = thread / 16;
  let slot8 = (thread % 16) * 8;
  let first_row = params.row_block * SCORE_ROWS;
  let last_key = params.keys - 1;

  let entry = head * params.index_row_blocks + params.row_block;
  let last_row = min(first_row + SCORE_ROWS, params.rows) - 1;
  let causal_tiles = min(last_key, params.row_position + last_row) / 64 + 1;
  var listed = vec2u(DENSE_TILES, 0);
  if (params.indexed != 0) {
    listed = counts[entry];
  }
  let walks_all = listed.x == DENSE_TILES;
  let tile_count = select(listed.x, causal_tiles, walks_all);
  let column_count = select(listed.y, 0u, walks_all);
  // Two tiles a step, then columns in groups of 128.
  let tile_steps = (tile_count + 1) / 2;
  let steps = tile_steps + (column_count + SCORE_KEYS - 1) / SCORE_KEYS;
  let first_step = workgroup.y * steps / params.splits;
  let end_step = (workgroup.y + 1) * steps / params.splits;

  var largest = array<f32, 8>(
    LEAST_MAX, LEAST_MAX, LEAST_MAX, LEAST_MAX, LEAST_MAX, LEAST_MAX, LEAST_MAX, LEAST_MAX);
  var sums = array<f32, 8>();
  for (var step = first_step; step < end_step; step++) {
    var key = NO_KEY;
    if (step < tile_steps) {
      let tile = step * 2 + thread / 64;
      if (tile < tile_count) {
        var first = tile * 64;
        if (!walks_all) {
          first = tiles[entry * params.tile_capacity + tile];
        }
        key = first + thread % 64;
      }
    } else {
      let column = (step - tile_steps) * SCORE_KEYS + thread;
      if (column < column_count) {
        key = columns[entry * params.column_capacity + column];
      }
    }
    sh_keys[thread] = key;
    workgroupBarrier();
    var scores = score_tile(0, 0, params.dim4, thread);
    let low = vec4u(sh_keys[slot8], sh_keys[slot8 + 1], sh_keys[slot8 + 2], sh_keys[slot8 + 3]);
    let high = vec4u(sh_keys[slot8 + 4], sh_keys[slot8 + 5], sh_keys[slot8 + 6], sh_keys[slot8 + 7]);
    for (var r = 0u; r < 8; r++) {
      let last = vec4u(min(params.row_position + first_row + row8 * 8 + r, last_key));
      let score_low = select(scores[2 * r] * params.scale, vec4f(MASKED), low > last);
      let score_high = select(scores[2 * r + 1] * params.scale, vec4f(MASKED), high > last);
      let most = max(score_low, score_high);
      let next = max(largest[r], max(max(most.x, most.y), max(most.z, most.w)));
      let p = exp2(score_low - next) + exp2(score_high - next);
      sums[r] = sums[r] * exp2(largest[r] - next) + p.x + p.y + p.z + p.w;
      largest[r] = next;
    }
    workgroupBarrier();
  }

  // sh_q has room for one value a thread and row: [row / 4][thread % 16].
  let at = row8 * 32 + thread % 16;
  sh_q[at] = vec4f(largest[0], largest[1], largest[2], largest[3]);
  sh_q[at + 16] = vec4f(largest[4], largest[5], largest[6], largest[7]);
  workgroupBarrier();
  var max_low = vec4f(LEAST_MAX);
  var max_high = vec4f(LEAST_MAX);
  for (var i = 0u; i < 16; i++) {
    max_low = max(max_low, sh_q[row8 * 32 + i]);
    max_high = max(max_high, sh_q[row8 * 32 + 16 + i]);
  }
  workgroupBarrier();
  sh_q[at] = vec4f(sums[0], sums[1], sums[2], sums[3])
    * exp2(vec4f(largest[0], largest[1], largest[2], largest[3]) - max_low);
  sh_q[at + 16] = vec4f(sums[4], sums[5], sums[6], sums[7])
    * exp2(vec4f(largest[4], largest[5], largest[6], largest[7]) - max_high);
  workgroupBarrier();
  var sum_low = vec4f();
  var sum_high = vec4f();
  for (var i = 0u; i < 16; i++) {
    sum_low += sh_q[row8 * 32 + i];
    sum_high += sh_q[row8 * 32 + 16 + i];
  }
  if (thread % 16 == 0) {
    for (var r = 0u; r < 4; r++) {
      let row = workgroup.y * params.split_stride + head * SCORE_ROWS + row8 * 8 + r;
      masses[row] = vec2f(max_low[r], sum_low[r]);
      masses[row + 4] = vec2f(max_high[r], sum_high[r]);
    }
  }
}
