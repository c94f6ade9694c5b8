// Root-mean-square normalisation of each token's residual (Zhang and Sennrich 2019, eq. 4):
// out = x / sqrt(mean(x^2) + epsilon) * weight.
#import activation

struct Params {
  tokens: u32,
  // First token of x to read; out starts at 0.
  first: u32,
  // Length of a token's vector in vec4s.
  width4: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;        // [token][width4]
@group(0) @binding(2) var<storage, read> weight: array<half4>;   // [width4]
@group(0) @binding(3) var<storage, read_write> out: array<act4>;  // [token][width4]

const WORKGROUP: u32 = 64;

var<workgroup> sh_sum: array<f32, WORKGROUP>;

// Dispatch: one workgroup a token, x + y * 65535; its threads stride over the vector.
@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let token = group.y * groups.x + group.x;
  let live = token < params.tokens;
  let base = select(0u, (params.first + token) * params.width4, live);

  var sum = 0.0;
  for (var i = thread; i < params.width4; i += WORKGROUP) {
    let value = x[base + i];
    sum += dot(value, value);
  }
  sh_sum[thread] = sum;
  workgroupBarrier();
  for (var stride = WORKGROUP / 2; stride > 0; stride /= 2) {
    if (thread < stride) {
      sh_sum[thread] += sh_sum[thread + stride];
    }
    workgroupBarrier();
  }

  if (live) {
    let scale = inverseSqrt(sh_sum[0] / f32(params.width4 * 4) + params.epsilon);
    for (var i = thread; i < params.width4; i += WORKGROUP) {
      out[token * params.width4 + i] = to_act(x[base + i] * scale * from_half(weight[i]));
    }
  }
}
