// Attention of one query row over the cache, split over keys (Flash-Decoding): each workgroup takes 256 keys of one
// head and leaves an unnormalised partial output with its row maximum and sum; `decode_merge` joins them.
#import half

struct Params {
  keys: u32,
  key_stride: u32,
  // First query head of this range, and query heads per KV head.
  head_base: u32,
  group: u32,
  splits: u32,
  // Softmax scale times log2(e).
  scale: f32,
}

#const HEAD4: u32

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<half4>;          // [head][HEAD4]
@group(0) @binding(2) var<storage, read> k: array<half4>;          // [KV head of this range][key_stride][HEAD4]
@group(0) @binding(3) var<storage, read> v: array<half4>;          // as k
@group(0) @binding(4) var<storage, read_write> partials: array<f32>; // [head][split][HEAD4 * 4 + 2]: output, max, sum

const WORKGROUP: u32 = 64;
const SPLIT_KEYS: u32 = 256;
// Threads that share the keys of one vec4 of output.
const LANES: u32 = max(1u, WORKGROUP / HEAD4);
const MASKED: f32 = -1e30;

var<workgroup> sh_q: array<vec4f, HEAD4>;
var<workgroup> sh_p: array<f32, SPLIT_KEYS>;
var<workgroup> sh_reduce: array<f32, WORKGROUP>;
var<workgroup> sh_out: array<vec4f, WORKGROUP>;

// Dispatch: x = split, y = head of this range.
@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let head = params.head_base + workgroup.y;
  let kv_base = (workgroup.y / params.group) * params.key_stride;
  let first = workgroup.x * SPLIT_KEYS;
  let count = min(SPLIT_KEYS, params.keys - min(first, params.keys));

  if (thread < HEAD4) {
    sh_q[thread] = from_half(q[head * HEAD4 + thread]) * params.scale;
  }
  workgroupBarrier();

  var widest = MASKED;
  for (var i = thread; i < SPLIT_KEYS; i += WORKGROUP) {
    var score = MASKED;
    if (i < count) {
      let start = (kv_base + first + i) * HEAD4;
      var products = vec4f();
      for (var d = 0u; d < HEAD4; d++) {
        products += sh_q[d] * from_half(k[start + d]);
      }
      score = products.x + products.y + products.z + products.w;
    }
    sh_p[i] = score;
    widest = max(widest, score);
  }
  sh_reduce[thread] = widest;
  workgroupBarrier();
  for (var stride = WORKGROUP / 2; stride > 0; stride /= 2) {
    if (thread < stride) {
      sh_reduce[thread] = max(sh_reduce[thread], sh_reduce[thread + stride]);
    }
    workgroupBarrier();
  }
  let row_max = sh_reduce[0];
  workgroupBarrier();

  var sum = 0.0;
  for (var i = thread; i < SPLIT_KEYS; i += WORKGROUP) {
    let p = select(0.0, exp2(sh_p[i] - row_max), i < count);
    sh_p[i] = p;
    sum += p;
  }
  sh_reduce[thread] = sum;
  workgroupBarrier();
  for (var stride = WORKGROUP / 2; stride > 0; stride /= 2) {
    if (thread < stride) {
      sh_reduce[thread] += sh_reduce[thread + stride];
    }
    workgroupBarrier();
  }

  let column = thread % HEAD4;
  let lane = thread / HEAD4;
  var o = vec4f();
  if (lane < LANES) {
    for (var i = lane; i < count; i += LANES) {
      o += sh_p[i] * from_half(v[(kv_base + first + i) * HEAD4 + column]);
    }
  }
  sh_out[thread] = o;
  workgroupBarrier();
  if (thread < HEAD4) {
    for (var i = 1u; i < LANES; i++) {
      o += sh_out[min(i * HEAD4 + thread, WORKGROUP - 1)];
    }
    let to = (head * params.splits + workgroup.x) * (HEAD4 * 4 + 2);
    for (var i = 0u; i < 4; i++) {
      partials[to + thread * 4 + i] = o[i];
    }
    if (thread == 0) {
      partials[to + HEAD4 * 4] = row_max;
      partials[to + HEAD4 * 4 + 1] = sh_reduce[0];
    }
  }
}
