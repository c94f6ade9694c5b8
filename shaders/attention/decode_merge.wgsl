// Joins the partial outputs of `decode_attention`: each is weighted by exp2(its maximum - the overall maximum).
#import activation
#import prefix_sum

struct Params {
  heads: u32,
  // At most 256.
  splits: u32,
}

// Vec4s of a head, and the same padded to 16, 32 or 64.
#const HEAD4: u32
#const PAD4: u32

@group(0) @binding(0) var<uniform> params: Params;
// [head][split][2 * HEAD4 + 1]: output, then (maximum, sum); 4 * HEAD4 + 2 floats
@group(0) @binding(1) var<storage, read> partials: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> out: array<act4>;  // [head][HEAD4]

const WORKGROUP: u32 = PREFIX_THREADS;
// Workgroups that share a head's columns: there are few heads, and each has more to read than one workgroup should.
const SLICES: u32 = 4;
const COLUMNS: u32 = PAD4 / SLICES;
// Threads that share a column.
const LANES: u32 = WORKGROUP / COLUMNS;
const ENTRY: u32 = 2 * HEAD4 + 1;

var<workgroup> sh_weight: array<f32, WORKGROUP>; // maxima, then weights
var<workgroup> sh_out: array<vec4f, WORKGROUP>;

// Dispatch: x = head, y = slice of its columns. One thread a split for the weights, then LANES threads a column.
@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let base = workgroup.x * params.splits * ENTRY;
  let live = thread < params.splits;
  let mine = partials[base + (min(thread, params.splits - 1) + 1) * ENTRY - 1];
  // Threads beyond the splits repeat the last one's maximum.
  sh_weight[thread] = mine.x;
  workgroupBarrier();
  for (var stride = WORKGROUP / 2; stride > 0; stride /= 2) {
    if (thread < stride) {
      sh_weight[thread] = max(sh_weight[thread], sh_weight[thread + stride]);
    }
    workgroupBarrier();
  }
  let weight = select(0.0, exp2(mine.x - sh_weight[0]), live);
  workgroupBarrier();
  sh_weight[thread] = weight;
  let sum = tree_sum(weight * mine.y, thread);

  let column = workgroup.y * COLUMNS + thread % COLUMNS;
  var o = vec4f();
  for (var i = thread / COLUMNS; i < params.splits; i += LANES) {
    let at = base + i * ENTRY + 2 * min(column, HEAD4 - 1);
    o += sh_weight[i] * vec4f(partials[at], partials[at + 1]);
  }
  sh_out[thread] = o;
  workgroupBarrier();
  for (var stride = WORKGROUP / 2; stride >= COLUMNS; stride /= 2) {
    if (thread < stride) {
      sh_out[thread] += sh_out[thread + stride];
    }
    workgroupBarrier();
  }
  if (thread < COLUMNS && column < HEAD4) {
    out[workgroup.x * HEAD4 + column] = to_act(select(vec4f(), sh_out[thread] / sum, sum > 0.0));
  }
}
