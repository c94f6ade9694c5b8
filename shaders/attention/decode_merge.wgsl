// Joins the partial outputs of `decode_attention`: each is weighted by exp2(its maximum - the overall maximum).
#import activation

struct Params {
  heads: u32,
  splits: u32,
}

#const HEAD4: u32

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partials: array<f32>;     // [head][split][HEAD4 * 4 + 2]: output, max, sum
@group(0) @binding(2) var<storage, read_write> out: array<act4>;  // [head][HEAD4]

const WORKGROUP: u32 = 64;
const LANES: u32 = max(1u, WORKGROUP / HEAD4);
const ENTRY: u32 = HEAD4 * 4 + 2;

var<workgroup> sh_max: array<f32, WORKGROUP>;
var<workgroup> sh_sum: array<f32, WORKGROUP>;
var<workgroup> sh_out: array<vec4f, WORKGROUP>;

// Dispatch: x = head.
@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let base = workgroup.x * params.splits * ENTRY;
  var widest = -1e30;
  for (var i = thread; i < params.splits; i += WORKGROUP) {
    widest = max(widest, partials[base + i * ENTRY + HEAD4 * 4]);
  }
  sh_max[thread] = widest;
  workgroupBarrier();
  for (var stride = WORKGROUP / 2; stride > 0; stride /= 2) {
    if (thread < stride) {
      sh_max[thread] = max(sh_max[thread], sh_max[thread + stride]);
    }
    workgroupBarrier();
  }
  let row_max = sh_max[0];

  let column = thread % HEAD4;
  let lane = thread / HEAD4;
  var o = vec4f();
  var sum = 0.0;
  if (lane < LANES) {
    for (var i = lane; i < params.splits; i += LANES) {
      let start = base + i * ENTRY;
      let weight = exp2(partials[start + HEAD4 * 4] - row_max);
      sum += weight * partials[start + HEAD4 * 4 + 1];
      let at = start + column * 4;
      o += weight * vec4f(partials[at], partials[at + 1], partials[at + 2], partials[at + 3]);
    }
  }
  sh_sum[thread] = sum;
  sh_out[thread] = o;
  workgroupBarrier();
  if (thread < HEAD4) {
    for (var i = 1u; i < LANES; i++) {
      sum += sh_sum[min(i * HEAD4 + thread, WORKGROUP - 1)];
      o += sh_out[min(i * HEAD4 + thread, WORKGROUP - 1)];
    }
    out[workgroup.x * HEAD4 + thread] = to_act(select(vec4f(), o / sum, sum > 0.0));
  }
}
