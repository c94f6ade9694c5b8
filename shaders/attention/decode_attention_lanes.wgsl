// `decode_attention` where shuffles are cheap: 8 lanes share a key, of K and of V, so that a row is read as one piece of
// consecutive 16-byte parts and nothing goes through workgroup memory. A lane multiplies its dims for all heads; sums over
// lanes end with each lane holding a head's score, whose softmax it keeps. Each row of lanes has maxima, sums and outputs
// of its own until the end.
//
// Reference: app/reference/decodeAttention.ts
#import lanes

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

// 16-byte parts of a head, and those that a lane has, 8 apart.
#const HEAD8: u32
#const PARTS: u32
// Query heads taken at a time, the same rounded up to a power of two, and keys that a row of lanes takes at a time.
#const HEADS: u32
#const SLOTS: u32
#const KEYS: u32

@group(0) @binding(0) var<uniform> params: Params;
// All of halves, 8 in a vec4u.
@group(0) @binding(1) var<storage, read> q: array<vec4u>;          // [head][HEAD8]
@group(0) @binding(2) var<storage, read> k: array<vec4u>;          // [KV head of this range][key_stride][HEAD8]
@group(0) @binding(3) var<storage, read> v: array<vec4u>;          // as k
// [head][split][4 * HEAD8 + 1]: output, then (maximum, sum); 8 * HEAD8 + 2 floats
@group(0) @binding(4) var<storage, read_write> partials: array<vec2f>;

const WORKGROUP: u32 = 128;
const ROWS: u32 = WORKGROUP / 8;
// Splits are dealt out in tiles of as many keys as `decode_attention` has.
const TILE: u32 = 64;
const ENTRY: u32 = 4 * HEAD8 + 1;
// Pieces of 8 lanes' outputs of a head that are summed at a time.
const AT_ONCE: u32 = 2;
const MASKED: f32 = -1e30;
const LEAST_MAX: f32 = -1e20;

var<workgroup> sh_o: array<vec4f, AT_ONCE * ROWS * 16>;
var<workgroup> sh_softmax: array<vec2f, WORKGROUP>; // [row][lane]: maximum and sum

fn low(part: vec4u) -> vec4f {
  return vec4f(unpack2x16float(part.x), unpack2x16float(part.y));
}

fn high(part: vec4u) -> vec4f {
  return vec4f(unpack2x16float(part.z), unpack2x16float(part.w));
}

fn add_dot(sum: f32, a: vec4f, b: vec4f) -> f32 {
  return fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, sum))));
}

// Dispatch: x = split, y = (KV head of this range) * ceil(group / HEADS) + which HEADS of its query heads.
@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) thread: u32,
#if subgroups
  @builtin(subgroup_invocation_id) place: u32,
#endif
) {
#if subgroups
  first_lane = place / 8 * 8;
#else
  lane_thread = thread;
#endif
  let ranges = (params.group + HEADS - 1) / HEADS;
  let kv_head = workgroup.y / ranges;
  let skipped = (workgroup.y % ranges) * HEADS;
  let first_head = params.head_base + kv_head * params.group + skipped;
  let heads = min(HEADS, params.group - skipped);
  // Tiles are dealt out evenly; `splits` never exceeds their number, so that no split is empty.
  let tiles = (params.keys + TILE - 1) / TILE;
  let first_key = workgroup.x * tiles / params.splits * TILE;
  let end_key = min(params.keys, (workgroup.x + 1) * tiles / params.splits * TILE);

  let row = thread / 8;
  let lane = thread % 8;
  let kv_first = kv_head * params.key_stride * HEAD8;
  let last = kv_first + (end_key - 1) * HEAD8;
  var at = kv_first + (first_key + row) * HEAD8;

  var keys = array<vec4u, KEYS * PARTS>();
  for (var i = 0u; i < KEYS; i++) {
    for (var part = 0u; part < PARTS; part++) {
      // Parts past the end repeat the last: the query is 0 there.
      keys[i * PARTS + part] = k[min(at + i * ROWS * HEAD8, last) + min(part * 8 + lane, HEAD8 - 1)];
    }
  }
  // Slot s of lane l is head s ^ (l % SLOTS): what lanes send each other then stands in the same slot in all of them.
  var q_low = array<vec4f, SLOTS * PARTS>();
  var q_high = array<vec4f, SLOTS * PARTS>();
  for (var slot = 0u; slot < SLOTS; slot++) {
    for (var part = 0u; part < PARTS; part++) {
      let head = first_head + min(slot ^ (lane % SLOTS), heads - 1);
      let halves = q[head * HEAD8 + min(part * 8 + lane, HEAD8 - 1)];
      let scale = select(0.0, params.scale, part * 8 + lane < HEAD8);
      q_low[slot * PARTS + part] = low(halves) * scale;
      q_high[slot * PARTS + part] = high(halves) * scale;
    }
  }

  // Of head lane % SLOTS over this row's keys.
  var row_max = LEAST_MAX;
  var row_sum = 0.0;
  var o_low = array<vec4f, HEADS * PARTS>();
  var o_high = array<vec4f, HEADS * PARTS>();

  for (var first = first_key; first < end_key; first += ROWS * KEYS) {
    var values = array<vec4u, KEYS * PARTS>();
    for (var i = 0u; i < KEYS; i++) {
      for (var part = 0u; part < PARTS; part++) {
        values[i * PARTS + part] = v[min(at + i * ROWS * HEAD8, last) + min(part * 8 + lane, HEAD8 - 1)];
      }
    }
    var scores = array<f32, KEYS>();
    for (var i = 0u; i < KEYS; i++) {
      var sums = array<f32, SLOTS>();
      for (var part = 0u; part < PARTS; part++) {
        let key_low = low(keys[i * PARTS + part]);
        let key_high = high(keys[i * PARTS + part]);
        for (var slot = 0u; slot < SLOTS; slot++) {
          let sum = add_dot(sums[slot], q_low[slot * PARTS + part], key_low);
          sums[slot] = add_dot(sum, q_high[slot * PARTS + part], key_high);
        }
      }
      // Each step halves the slots while there are any to give away.
      for (var slot = 0u; slot < min(SLOTS, 4); slot++) {
        sums[slot] += from_lane_xor(sums[(slot + 4) % SLOTS], 4);
      }
      for (var slot = 0u; slot < min(SLOTS, 2); slot++) {
        sums[slot] += from_lane_xor(sums[(slot + 2) % SLOTS], 2);
      }
      let sum = sums[0] + from_lane_xor(sums[1 % SLOTS], 1);
      scores[i] = select(MASKED, sum, first + i * ROWS + row < end_key);
    }
    at += ROWS * KEYS * HEAD8;
    for (var i = 0u; i < KEYS; i++) {
      for (var part = 0u; part < PARTS; part++) {
        keys[i * PARTS + part] = k[min(at + i * ROWS * HEAD8, last) + min(part * 8 + lane, HEAD8 - 1)];
      }
    }

    var widest = row_max;
    for (var i = 0u; i < KEYS; i++) {
      widest = max(widest, scores[i]);
    }
    let shrink = exp2(row_max - widest);
    row_max = widest;
    row_sum *= shrink;
    for (var head = 0u; head < HEADS; head++) {
      let factor = from_lane(shrink, head);
      for (var part = 0u; part < PARTS; part++) {
        o_low[head * PARTS + part] *= factor;
        o_high[head * PARTS + part] *= factor;
      }
    }
    for (var i = 0u; i < KEYS; i++) {
      let p = exp2(scores[i] - row_max);
      row_sum += p;
      for (var head = 0u; head < HEADS; head++) {
        let factor = vec4f(from_lane(p, head));
        for (var part = 0u; part < PARTS; part++) {
          let at_part = head * PARTS + part;
          o_low[at_part] = fma(low(values[i * PARTS + part]), factor, o_low[at_part]);
          o_high[at_part] = fma(high(values[i * PARTS + part]), factor, o_high[at_part]);
        }
      }
    }
  }

  // The rows are joined.
  sh_softmax[thread] = vec2f(row_max, row_sum);
  workgroupBarrier();
  var widest = LEAST_MAX;
  for (var i = 0u; i < ROWS; i++) {
    widest = max(widest, sh_softmax[i * 8 + lane].x);
  }
  let weight = exp2(row_max - widest);
  if (thread < heads) {
    var sum = 0.0;
    for (var i = 0u; i < ROWS; i++) {
      let other = sh_softmax[i * 8 + lane];
      sum += other.y * exp2(other.x - widest);
    }
    partials[((first_head + thread) * params.splits + workgroup.x + 1) * ENTRY - 1] = vec2f(widest, sum);
  }
  for (var first = 0u; first < HEADS * PARTS; first += AT_ONCE) {
    for (var i = 0u; i < AT_ONCE; i++) {
      let piece = min(first + i, HEADS * PARTS - 1);
      let factor = from_lane(weight, piece / PARTS);
      sh_o[(i * ROWS + row) * 16 + 2 * lane] = o_low[piece] * factor;
      sh_o[(i * ROWS + row) * 16 + 2 * lane + 1] = o_high[piece] * factor;
    }
    workgroupBarrier();
    let piece = first + thread / 16;
    let head = piece / PARTS;
    let column = piece % PARTS * 16 + thread % 16;
    if (thread < AT_ONCE * 16 && head < heads && column < 2 * HEAD8) {
      var sum = vec4f();
      for (var i = 0u; i < ROWS; i++) {
        sum += sh_o[(thread / 16 * ROWS + i) * 16 + thread % 16];
      }
      let to = ((first_head + head) * params.splits + workgroup.x) * ENTRY + 2 * column;
      partials[to] = sum.xy;
      partials[to + 1] = sum.zw;
    }
    workgroupBarrier();
  }
}
