// `decode_attention` where shuffles are cheap: LANES threads share a key, of K and of V, so that a row is read as one piece
// of consecutive 16-byte parts and nothing goes through workgroup memory. A lane multiplies its 8 dims for all heads; sums
// over lanes end with each lane holding a head's score, whose softmax it keeps. Each row of lanes has maxima, sums and
// outputs of its own until the end.
//
// Of 4 keys at a time, twice a step, parts of K and V are on their way. What a thread keeps has names, never indices: a loop
// that a driver leaves rolled would put arrays out of registers.
//
// Reference: app/reference/decodeAttention.ts
#import lane_outputs

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

// 16-byte parts of a head, at most LANES.
#const HEAD8: u32

@group(0) @binding(0) var<uniform> params: Params;
// All of halves, 8 in a vec4u.
@group(0) @binding(1) var<storage, read> q: array<vec4u>;          // [head][HEAD8]
@group(0) @binding(2) var<storage, read> k: array<vec4u>;          // [KV head of this range][key_stride][HEAD8]
@group(0) @binding(3) var<storage, read> v: array<vec4u>;          // as k
// [head][split][4 * HEAD8 + 1]: output, then (maximum, sum); 8 * HEAD8 + 2 floats
@group(0) @binding(4) var<storage, read_write> partials: array<vec2f>;

const WORKGROUP: u32 = LANE_THREADS;
const ROWS: u32 = WORKGROUP / LANES;
// Heads rounded up: slot s of a lane is head s ^ head_of(lane), so that what lanes send each other stands in the same slot
// in all of them.
const SLOTS: u32 = select(4u, 8u, HEADS > 4);
// Splits are dealt out in tiles of as many keys as `decode_attention` has.
const TILE: u32 = 64;
// From one of a lane's keys to its next.
const STEP: u32 = ROWS * HEAD8;
const ENTRY: u32 = 4 * HEAD8 + 1;
// Keys that a row of lanes takes at a time: as many of K, and of V, are on their way.
const KEYS: u32 = 8;
const MASKED: f32 = -1e30;
const LEAST_MAX: f32 = -1e20;

// Outputs of two heads: [head][row][2][LANES].
var<workgroup> sh_o: array<vec4f, 4 * WORKGROUP>;
var<workgroup> sh_softmax: array<vec2f, WORKGROUP>; // [row][lane]: maximum and sum

// Slots of a query as columns of 4, by dim; those from 4 on are used where there are more than 4.
struct Query {
  low: mat4x4f,
  high: mat4x4f,
  low4: mat4x4f,
  high4: mat4x4f,
}

fn four_keys(at: u32, last: u32) -> Four {
  return Four(
    k[min(at, last)],
    k[min(at + STEP, last)],
    k[min(at + 2 * STEP, last)],
    k[min(at + 3 * STEP, last)],
  );
}

fn four_values(at: u32, last: u32) -> Four {
  return Four(
    v[min(at, last)],
    v[min(at + STEP, last)],
    v[min(at + 2 * STEP, last)],
    v[min(at + 3 * STEP, last)],
  );
}

// The 8 dims of this lane in slot `slot`, scaled; 0 in lanes past the end.
fn query_part(slot: u32, lane: u32, first_head: u32, heads: u32) -> mat2x4f {
  let head = first_head + min(slot ^ head_of(lane), heads - 1);
  return dims(q[head * HEAD8 + min(lane, HEAD8 - 1)]) * select(0.0, params.scale, lane < HEAD8);
}

// Products of 4 dims in 4 slots.
fn add_products(sums: vec4f, slots: mat4x4f, x: vec4f) -> vec4f {
  let two = fma(slots[1], vec4f(x.y), fma(slots[0], vec4f(x.x), sums));
  return fma(slots[3], vec4f(x.w), fma(slots[2], vec4f(x.z), two));
}

// Of head_of(lane). Each step halves the slots while there are any to give away.
fn score(part: vec4u, query: Query) -> f32 {
  let x = dims(part);
  let four = add_products(add_products(vec4f(), query.low, x[0]), query.high, x[1]);
  var sum = 0.0;
  if (SLOTS > 4) {
    let others = add_products(add_products(vec4f(), query.low4, x[0]), query.high4, x[1]);
    let half = four + across2_four(others);
    let two = half.xy + across1_pair(half.zw);
    sum = two.x + across(two.y, 4);
  } else {
    let two = four.xy + across2_pair(four.zw);
    let one = two.x + across1(two.y);
    sum = one + across(one, 4);
  }
  if (LANES > 8) {
    sum += across(sum, 8);
  }
  if (LANES > 16) {
    sum += across(sum, 16);
  }
  return sum;
}

fn four_scores(parts: Four, query: Query) -> vec4f {
  return vec4f(score(parts.a, query), score(parts.b, query), score(parts.c, query), score(parts.d, query));
}

fn largest(x: vec4f) -> f32 {
  return max(max(x.x, x.y), max(x.z, x.w));
}

// Sums two heads over the rows; `entry` is where the first of them starts in `partials`, `stride` from head to head.
fn join_rows(a: mat2x4f, b: mat2x4f, thread: u32, live: u32, entry: u32, stride: u32) {
  let to = thread / LANES * 2 * LANES + thread % LANES;
  sh_o[to] = a[0];
  sh_o[to + LANES] = a[1];
  sh_o[2 * WORKGROUP + to] = b[0];
  sh_o[2 * WORKGROUP + to + LANES] = b[1];
  workgroupBarrier();
  // The dims of lane `lane`, its low or its high 4.
  let head = thread / (2 * LANES);
  let lane = thread % LANES;
  if (head < live && lane < HEAD8) {
    var sum = vec4f();
    for (var row = 0u; row < ROWS; row++) {
      sum += sh_o[head * 2 * WORKGROUP + row * 2 * LANES + thread % (2 * LANES)];
    }
    let at = entry + head * stride + 4 * lane + thread / LANES % 2 * 2;
    partials[at] = sum.xy;
    partials[at + 1] = sum.zw;
  }
  workgroupBarrier();
}

// Dispatch: x = split, y = (KV head of this range) * ceil(group / HEADS) + which HEADS of its query heads.
@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
#if subgroups
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

  let row = thread / LANES;
  let lane = thread % LANES;
  odd_quad = lane / 4 % 2 == 1;
  // Lanes past the end repeat the last part: the query is 0 there. So do keys.
  let kv_first = kv_head * params.key_stride * HEAD8 + min(lane, HEAD8 - 1);
  let last = kv_first + (end_key - 1) * HEAD8;
  var at = kv_first + (first_key + row) * HEAD8;

  var keys = four_keys(at, last);
  var more_keys = four_keys(at + 4 * STEP, last);
  let s0 = query_part(0, lane, first_head, heads);
  let s1 = query_part(1, lane, first_head, heads);
  let s2 = query_part(2, lane, first_head, heads);
  let s3 = query_part(3, lane, first_head, heads);
  var query = Query();
  query.low = transpose(mat4x4f(s0[0], s1[0], s2[0], s3[0]));
  query.high = transpose(mat4x4f(s0[1], s1[1], s2[1], s3[1]));
  if (SLOTS > 4) {
    let s4 = query_part(4, lane, first_head, heads);
    let s5 = query_part(5, lane, first_head, heads);
    let s6 = query_part(6, lane, first_head, heads);
    let s7 = query_part(7, lane, first_head, heads);
    query.low4 = transpose(mat4x4f(s4[0], s5[0], s6[0], s7[0]));
    query.high4 = transpose(mat4x4f(s4[1], s5[1], s6[1], s7[1]));
  }

  // Of head_of(lane) over this row's keys.
  var row_max = LEAST_MAX;
  var row_sum = 0.0;
  var o = Outputs();

  for (var first = first_key; first < end_key; first += ROWS * KEYS) {
    let values = four_values(at, last);
    let more_values = four_values(at + 4 * STEP, last);
    let key = vec4u(first + row) + vec4u(0, ROWS, 2 * ROWS, 3 * ROWS);
    let scores = select(vec4f(MASKED), four_scores(keys, query), key < vec4u(end_key));
    let more = key + vec4u(4 * ROWS);
    let more_scores = select(vec4f(MASKED), four_scores(more_keys, query), more < vec4u(end_key));
    at += KEYS * STEP;
    keys = four_keys(at, last);
    more_keys = four_keys(at + 4 * STEP, last);

    let widest = max(row_max, max(largest(scores), largest(more_scores)));
    let shrink = exp2(row_max - widest);
    row_max = widest;
    let p = exp2(scores - row_max);
    let more_p = exp2(more_scores - row_max);
    row_sum = fma(row_sum, shrink, dot(p + more_p, vec4f(1.0)));
    scale_outputs(&o, shrink);
    add_values(&o, values, p);
    add_values(&o, more_values, more_p);
  }

  sh_softmax[thread] = vec2f(row_max, row_sum);
  workgroupBarrier();
  var widest = LEAST_MAX;
  for (var i = 0u; i < ROWS; i++) {
    widest = max(widest, sh_softmax[i * LANES + lane].x);
  }
  let stride = params.splits * ENTRY;
  let entry = (first_head * params.splits + workgroup.x) * ENTRY;
  if (thread < SLOTS && head_of(thread) < heads) {
    var sum = 0.0;
    for (var i = 0u; i < ROWS; i++) {
      let other = sh_softmax[i * LANES + lane];
      sum += other.y * exp2(other.x - widest);
    }
    partials[entry + head_of(thread) * stride + ENTRY - 1] = vec2f(widest, sum);
  }
  scale_outputs(&o, exp2(row_max - widest));
  join_rows(o.h0, o.h1, thread, min(heads, 2), entry, stride);
  if (HEADS > 2) {
    join_rows(o.h2, o.h3, thread, min(max(heads, 2) - 2, 2), entry + 2 * stride, stride);
  }
  if (HEADS > 4) {
    join_rows(o.h4, o.h5, thread, min(max(heads, 4) - 4, 2), entry + 4 * stride, stride);
  }
  if (HEADS > 6) {
    join_rows(o.h6, o.h7, thread, min(max(heads, 6) - 6, 2), entry + 6 * stride, stride);
  }
}
