// Where the dense softmax mass of a row block's last rows lies, by bins of consecutive keys, and how much of it lies on
// keys that an index covers. Rows' largest scores and sums come from `sampled_mass` over all causal keys; with them
// each probability is exact at once, and workgroups share nothing.
#import score_tile

struct Params {
  // Rows of the chunk, the row block of 64, and its first row that counts (0..63).
  rows: u32,
  row_block: u32,
  first_row: u32,
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
  // 0: every head is dense, the lists are not read.
  indexed: u32,
  index_row_blocks: u32,
  tile_capacity: u32,
  column_capacity: u32,
  dim4: u32,
  // Softmax scale times log2(e).
  scale: f32,
  // A bin is 2^bin_shift keys.
  bin_shift: u32,
  bins: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<half4>;             // [head][q_stride][dim4]
@group(0) @binding(2) var<storage, read> k: array<half4>;             // [KV head of this dispatch][key_stride][dim4]
@group(0) @binding(3) var<storage, read> counts: array<vec2<u32>>;    // [head][row block]: tiles, columns
@group(0) @binding(4) var<storage, read> tiles: array<u32>;           // [head][row block][tile_capacity]: first key
@group(0) @binding(5) var<storage, read> columns: array<u32>;         // [head][row block][column_capacity]: key
@group(0) @binding(6) var<storage, read> masses: array<vec2f>;        // [head][64]: largest score, sum; all causal keys
// [head][bin]: mass, mass on covered keys, covered (row, key) pairs, nothing
@group(0) @binding(7) var<storage, read_write> sums: array<vec4f>;

const DENSE_TILES: u32 = 0xffffffff;

var<workgroup> sh_totals: array<vec4f, SCORE_KEYS>;
var<private> query_base: u32;
var<private> key_base: u32;
var<private> first_key: u32;

// Row `row` of the row block.
fn load_query4(row: u32, dim: u32) -> vec4f {
  let at = params.row_block * SCORE_ROWS + row;
  let live = at < params.rows && dim < params.dim4;
  let value = from_half(q[select(0u, (query_base + at) * params.dim4 + dim, live)]);
  return select(vec4f(), value, live);
}

// The key in slot `slot` of the current step.
fn load_key4(slot: u32, dim: u32) -> vec4f {
  let key = first_key + slot;
  let live = key < params.keys && dim < params.dim4;
  let value = from_half(k[select(0u, (key_base + key) * params.dim4 + dim, live)]);
  return select(vec4f(), value, live);
}

// Whether the lists, which ascend, hold the key.
fn is_covered(entry: u32, key: u32) -> bool {
  var listed = vec2u(DENSE_TILES, 0);
  if (params.indexed != 0) {
    listed = counts[entry];
  }
  if (listed.x == DENSE_TILES) {
    return true;
  }
  // The first tile that begins behind the key; the one before it may hold it.
  var low = 0u;
  var high = listed.x;
  while (low < high) {
    let middle = (low + high) / 2;
    if (tiles[entry * params.tile_capacity + middle] <= key) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low > 0 && key - tiles[entry * params.tile_capacity + low - 1] < 64) {
    return true;
  }
  low = 0;
  high = listed.y;
  while (low < high) {
    let middle = (low + high) / 2;
    if (columns[entry * params.column_capacity + middle] < key) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < listed.y && columns[entry * params.column_capacity + min(low, params.column_capacity - 1)] == key;
}

// Dispatch: x = head of this dispatch, y = span of 128 keys, or of one bin where that is longer. A thread computes 8
// rows by 8 keys of every step of 128, and then owns one key of it.
@compute @workgroup_size(SCORE_THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let head = params.head_base + workgroup.x;
  query_base = head * params.q_stride;
  key_base = (workgroup.x / params.group) * params.key_stride;
  let row8 = thread / 16;
  let slot8 = (thread % 16) * 8;
  let block_row = params.row_block * SCORE_ROWS;
  let live_rows = min(SCORE_ROWS, params.rows - block_row);
  let entry = head * params.index_row_blocks + params.row_block;
  let bin_keys = 1u << params.bin_shift;
  let span = max(SCORE_KEYS, bin_keys);

  var total = vec4f();
  for (var step = 0u; step < span / SCORE_KEYS; step++) {
    first_key = workgroup.y * span + step * SCORE_KEYS;
    var scores = score_tile(0, 0, params.dim4, thread);
    let low = vec4u(first_key + slot8) + vec4u(0, 1, 2, 3);
    var mass_low = vec4f();
    var mass_high = vec4f();
    for (var r = 0u; r < 8; r++) {
      let row = row8 * 8 + r;
      // Keys that the row sees; none where it does not count.
      let seen = select(0u, min(params.row_position + block_row + row + 1, params.keys),
        row >= params.first_row && row < live_rows);
      let row_mass = masses[head * SCORE_ROWS + row];
      let p_low = exp2(min(scores[2 * r] * params.scale - row_mass.x, vec4f())) / row_mass.y;
      let p_high = exp2(min(scores[2 * r + 1] * params.scale - row_mass.x, vec4f())) / row_mass.y;
      mass_low += select(vec4f(), p_low, low < vec4u(seen));
      mass_high += select(vec4f(), p_high, low + 4 < vec4u(seen));
    }
    // sh_q has room for two vec4s a thread: [row8][slot / 4].
    sh_q[row8 * 32 + slot8 / 4] = mass_low;
    sh_q[row8 * 32 + slot8 / 4 + 1] = mass_high;
    workgroupBarrier();
    var mass = 0.0;
    for (var i = 0u; i < 8; i++) {
      mass += sh_q[i * 32 + thread / 4][thread % 4];
    }
    let key = first_key + thread;
    if (key < params.keys && is_covered(entry, key)) {
      // Rows that count and stand at or behind the key.
      let begin = params.row_position + block_row;
      let first = max(begin + params.first_row, key);
      let pairs = f32(max(begin + live_rows, first) - first);
      total += vec4f(mass, mass, pairs, 0);
    } else {
      total.x += mass;
    }
    workgroupBarrier();
  }

  sh_totals[thread] = total;
  workgroupBarrier();
  let joined = min(bin_keys, SCORE_KEYS);
  let bin = (workgroup.y * span + thread) >> params.bin_shift;
  if (thread % joined == 0 && bin < params.bins) {
    var sum = vec4f();
    for (var i = 0u; i < joined; i++) {
      sum += sh_totals[thread + i];
    }
    sums[head * params.bins + bin] += sum;
  }
}
