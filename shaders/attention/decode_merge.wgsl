// Joins the partial outputs of `decode_attention`: each is weighted by exp2(its maximum - the overall maximum).
#import activation

struct Params {
  heads: u32,
  splits: u32,
}

// Vec4s of a head, and the same padded to 16, 32 or 64.
#const HEAD4: u32
#const PAD4: u32

@group(0) @binding(0) var<uniform> params: Params;
// [head][split][2 * HEAD4 + 1]: output, then (maximum, sum); 4 * HEAD4 + 2 floats
@group(0) @binding(1) var<storage, read> partials: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> out: array<act4>;  // [head][HEAD4]

const WORKGROUP: u32 = 256;
// Workgroups that share a head's columns: there are few heads, and each has more to read than one workgroup should.
const SLICES: u32 = 4;
const COLUMNS: u32 = PAD4 / SLICES;
// Threads that share a column.
const LANES: u32 = WORKGROUP / COLUMNS;
const ENTRY: u32 = 2 * HEAD4 + 1;
const LEAST_MAX: f32 = -1e30;

// A column over some of the splits, unnormalised.
struct Joined {
  // Maximum and sum.
  softmax: vec2f,
  out: vec4f,
}

var<workgroup> sh_softmax: array<vec2f, WORKGROUP>;
var<workgroup> sh_out: array<vec4f, WORKGROUP>;

fn join(a: Joined, b: Joined) -> Joined {
  let widest = max(a.softmax.x, b.softmax.x);
  let of_a = exp2(a.softmax.x - widest);
  let of_b = exp2(b.softmax.x - widest);
  return Joined(vec2f(widest, a.softmax.y * of_a + b.softmax.y * of_b), a.out * of_a + b.out * of_b);
}

// Splits past the end repeat the last and weigh nothing.
fn read_split(base: u32, split: u32, column: u32) -> Joined {
  let at = base + min(split, params.splits - 1) * ENTRY;
  let softmax = partials[at + ENTRY - 1];
  let out = vec4f(partials[at + 2 * column], partials[at + 2 * column + 1]);
  return Joined(select(vec2f(LEAST_MAX, 0.0), softmax, split < params.splits), out);
}

// Dispatch: x = head, y = slice of its columns. LANES threads a column, all of whose reads are on their way at once.
@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let base = workgroup.x * params.splits * ENTRY;
  let column = workgroup.y * COLUMNS + thread % COLUMNS;
  let read = min(column, HEAD4 - 1);
  let lane = thread / COLUMNS;
  var all = Joined(vec2f(LEAST_MAX, 0.0), vec4f());
  for (var first = 0u; first < params.splits; first += 2 * LANES) {
    let one = read_split(base, first + lane, read);
    let other = read_split(base, first + lane + LANES, read);
    all = join(all, join(one, other));
  }
  sh_softmax[thread] = all.softmax;
  sh_out[thread] = all.out;
  workgroupBarrier();
  for (var stride = WORKGROUP / 2; stride >= COLUMNS; stride /= 2) {
    if (thread < stride) {
      all = join(all, Joined(sh_softmax[thread + stride], sh_out[thread + stride]));
      sh_softmax[thread] = all.softmax;
      sh_out[thread] = all.out;
    }
    workgroupBarrier();
  }
  if (thread < COLUMNS && column < HEAD4) {
    out[workgroup.x * HEAD4 + column] = to_act(select(vec4f(), all.out / all.softmax.y, all.softmax.y > 0.0));
  }
}
