// Attention of one query row over the cache, split over keys (Flash-Decoding, Dao et al. 2023): each workgroup takes
// some tiles of 64 keys of one KV head for up to HEADS of its query heads, so that K and V are read once for them, and
// leaves unnormalised outputs with their maxima and sums; `decode_merge` joins them.
//
// Bound by reading K and V, so every read is consecutive across threads, and reads are on their way while earlier ones
// are used: K goes through workgroup memory to become one key a thread, V stays in registers, one vec4 column a thread.
#import half

struct Params {
  // Valid keys, at least 1.
  keys: u32,
  key_stride: u32,
  // First query head of this range, and query heads per KV head.
  head_base: u32,
  group: u32,
  // At most the tiles there are.
  splits: u32,
  // Softmax scale times log2(e).
  scale: f32,
}

// Vec4s of a head, the same padded to 16, 32 or 64, and query heads taken at a time: 8, or 4 where PAD4 is 64.
#const HEAD4: u32
#const PAD4: u32
#const HEADS: u32

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<half4>;          // [head][HEAD4]
@group(0) @binding(2) var<storage, read> k: array<half4>;          // [KV head of this range][key_stride][HEAD4]
@group(0) @binding(3) var<storage, read> v: array<half4>;          // as k
// [head][split][2 * HEAD4 + 1]: output, then (maximum, sum); 4 * HEAD4 + 2 floats
@group(0) @binding(4) var<storage, read_write> partials: array<vec2f>;

const WORKGROUP: u32 = 64;
const TILE: u32 = 64;
// K is staged in blocks of 16 vec4s, V in batches of 16 keys: as many of one as of the other.
const BLOCKS: u32 = PAD4 / 16;
// Threads that share a column of V.
const LANES: u32 = WORKGROUP / PAD4;
// Threads that share a head's softmax.
const HEAD_THREADS: u32 = WORKGROUP / HEADS;
// Rows are longer than what they hold so that no two threads meet in a bank: 34 words a key (half-warps of 8-byte
// accesses fall 2 banks apart), and heads HEAD_THREADS banks apart.
const KEY_ROW: u32 = 17;
const SCORE_ROW: u32 = TILE + HEAD_THREADS;
const MASKED: f32 = -1e30;
const LEAST_MAX: f32 = -1e20;

// 15 KiB at most.
var<workgroup> sh_q: array<vec4f, HEADS * PAD4>; // [head][PAD4]; at the end partial outputs
var<workgroup> sh_k: array<half4, TILE * KEY_ROW>;
var<workgroup> sh_p: array<f32, HEADS * SCORE_ROW>; // [head][key]: scores, then exp2 of them
var<workgroup> sh_reduce: array<f32, WORKGROUP>;
var<workgroup> sh_shrink: array<f32, HEADS>;

var<private> kv_base: u32;

// Block `block` of 16 vec4s of a tile's keys, as the workgroup reads it: 16 threads a key, 4 keys at a time.
fn fetch_keys(into: ptr<function, array<half4, 16>>, tile: u32, block: u32, thread: u32) {
  // Columns past the end repeat the last: the query is 0 there.
  let column = min(block * 16 + thread % 16, HEAD4 - 1);
  for (var i = 0u; i < 16; i++) {
    let key = min(tile * TILE + i * 4 + thread / 16, params.keys - 1);
    (*into)[i] = k[(kv_base + key) * HEAD4 + column];
  }
}

// A column of the 16 keys that are this thread's in a batch.
fn fetch_values(into: ptr<function, array<half4, 16>>, tile: u32, batch: u32, thread: u32) {
  let column = min(thread % PAD4, HEAD4 - 1);
  for (var i = 0u; i < 16; i++) {
    let key = min(tile * TILE + (batch * LANES + thread / PAD4) * 16 + i, params.keys - 1);
    (*into)[i] = v[(kv_base + key) * HEAD4 + column];
  }
}

// Dispatch: x = split, y = (KV head of this range) * ceil(group / HEADS) + which HEADS of its query heads.
@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let parts = (params.group + HEADS - 1) / HEADS;
  let kv_head = workgroup.y / parts;
  let skipped = (workgroup.y % parts) * HEADS;
  let first_head = params.head_base + kv_head * params.group + skipped;
  let heads = min(HEADS, params.group - skipped);
  kv_base = kv_head * params.key_stride;
  // Tiles are dealt out evenly; `splits` never exceeds their number, so that no split is empty.
  let tiles = (params.keys + TILE - 1) / TILE;
  let first_tile = workgroup.x * tiles / params.splits;
  let end_tile = (workgroup.x + 1) * tiles / params.splits;

  for (var i = thread; i < HEADS * PAD4; i += WORKGROUP) {
    let head = min(i / PAD4, heads - 1);
    let value = from_half(q[(first_head + head) * HEAD4 + min(i % PAD4, HEAD4 - 1)]) * params.scale;
    sh_q[i] = select(vec4f(), value, i % PAD4 < HEAD4);
  }

  // The head and the keys head_key, head_key + HEAD_THREADS, … whose softmax is this thread's work.
  let my_head = thread / HEAD_THREADS;
  let head_key = thread % HEAD_THREADS;
  let scores_at = my_head * SCORE_ROW + head_key;
  var row_max = LEAST_MAX;
  var row_sum = 0.0;
  var o = array<vec4f, HEADS>();
  var staged = array<half4, 16>();
  fetch_keys(&staged, first_tile, 0, thread);

  for (var tile = first_tile; tile < end_tile; tile++) {
    var values = array<half4, 16>();
    fetch_values(&values, tile, 0, thread);

    for (var block = 0u; block < BLOCKS; block++) {
      for (var i = 0u; i < 16; i++) {
        sh_k[(i * 4 + thread / 16) * KEY_ROW + thread % 16] = staged[i];
      }
      workgroupBarrier();
      if (block + 1 < BLOCKS) {
        fetch_keys(&staged, tile, block + 1, thread);
      } else if (tile + 1 < end_tile) {
        fetch_keys(&staged, tile + 1, 0, thread);
      }
      var row = array<vec4f, 16>();
      for (var i = 0u; i < 16; i++) {
        row[i] = from_half(sh_k[thread * KEY_ROW + i]);
      }
      for (var head = 0u; head < heads; head++) {
        var products = vec4f();
        for (var i = 0u; i < 16; i++) {
          products += row[i] * sh_q[head * PAD4 + block * 16 + i];
        }
        let at = head * SCORE_ROW + thread;
        let sum = products.x + products.y + products.z + products.w;
        let score = select(sum, sh_p[at] + sum, block > 0);
        sh_p[at] = select(MASKED, score, tile * TILE + thread < params.keys);
      }
      workgroupBarrier();
    }

    var score = array<f32, HEADS>();
    var widest = MASKED;
    for (var i = 0u; i < HEADS; i++) {
      score[i] = sh_p[scores_at + i * HEAD_THREADS];
      widest = max(widest, score[i]);
    }
    sh_reduce[thread] = widest;
    workgroupBarrier();
    widest = row_max;
    for (var i = 0u; i < HEAD_THREADS; i++) {
      widest = max(widest, sh_reduce[my_head * HEAD_THREADS + i]);
    }
    let shrink = exp2(row_max - widest);
    row_max = widest;
    row_sum *= shrink;
    for (var i = 0u; i < HEADS; i++) {
      let p = exp2(score[i] - widest);
      sh_p[scores_at + i * HEAD_THREADS] = p;
      row_sum += p;
    }
    if (head_key == 0) {
      sh_shrink[my_head] = shrink;
    }
    workgroupBarrier();

    for (var batch = 0u; batch < BLOCKS; batch++) {
      var row = array<vec4f, 16>();
      for (var i = 0u; i < 16; i++) {
        row[i] = from_half(values[i]);
      }
      if (batch + 1 < BLOCKS) {
        fetch_values(&values, tile, batch + 1, thread);
      }
      let first_key = (batch * LANES + thread / PAD4) * 16;
      for (var head = 0u; head < HEADS; head++) {
        if (head < heads) {
          var sum = o[head] * select(1.0, sh_shrink[head], batch == 0);
          for (var i = 0u; i < 16; i++) {
            sum += sh_p[head * SCORE_ROW + first_key + i] * row[i];
          }
          o[head] = sum;
        }
      }
    }
  }

  // Sums over the lanes of a column, as many heads at a time as sh_q has room for, and over the threads of a head.
  sh_reduce[thread] = row_sum;
  const AT_ONCE = HEADS * PAD4 / WORKGROUP;
  for (var first = 0u; first < HEADS; first += AT_ONCE) {
    for (var i = 0u; i < AT_ONCE; i++) {
      sh_q[i * WORKGROUP + thread] = o[first + i];
    }
    workgroupBarrier();
    for (var i = 0u; i < AT_ONCE; i++) {
      if (first + i < heads && thread < HEAD4) {
        var sum = vec4f();
        for (var lane = 0u; lane < LANES; lane++) {
          sum += sh_q[i * WORKGROUP + lane * PAD4 + thread];
        }
        let to = ((first_head + first + i) * params.splits + workgroup.x) * (2 * HEAD4 + 1) + 2 * thread;
        partials[to] = sum.xy;
        partials[to + 1] = sum.zw;
      }
    }
    workgroupBarrier();
  }
  if (head_key == 0 && my_head < heads) {
    var sum = 0.0;
    for (var i = 0u; i < HEAD_THREADS; i++) {
      sum += sh_reduce[thread + i];
    }
    partials[((first_head + my_head) * params.splits + workgroup.x + 1) * (2 * HEAD4 + 1) - 1] = vec2f(row_max, sum);
  }
}
