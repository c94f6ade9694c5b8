// Joins what `tile_attention` left for the parts of split rows: outputs, each normalised over its own keys, are weighted
// by exp2(the part's maximum - the row's) times the part's sum (Flash-Decoding, Dao et al. 2023).
#import activation

struct Params {
  // Rows to join, and the row of `out` that takes the first.
  rows: u32,
  first_row: u32,
  // Query heads to join, the first of them, and heads of the model.
  heads: u32,
  head_base: u32,
  total_heads: u32,
  splits: u32,
  // Rows from one part to the next.
  split_rows: u32,
}

// Vec4s of a head.
#const HEAD4: u32

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> parts: array<act4>;        // [split][split_rows][total_heads][HEAD4]
@group(0) @binding(2) var<storage, read> stats: array<vec2f>;       // [split][split_rows][total_heads]: maximum, sum
@group(0) @binding(3) var<storage, read_write> out: array<act4>;    // [row][total_heads][HEAD4]

const WORKGROUP: u32 = 64;
const LEAST_MAX: f32 = -1e20;

// Dispatch: x = 64 of the rows' heads' vec4s, one a thread, columns fastest.
@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.rows * params.heads * HEAD4) {
    return;
  }
  let column = id.x % HEAD4;
  let head = params.head_base + (id.x / HEAD4) % params.heads;
  let row = id.x / (HEAD4 * params.heads);
  let first = row * params.total_heads + head;
  let step = params.split_rows * params.total_heads;

  var widest = LEAST_MAX;
  for (var split = 0u; split < params.splits; split++) {
    widest = max(widest, stats[first + split * step].x);
  }
  var sum = 0.0;
  var o = vec4f();
  for (var split = 0u; split < params.splits; split++) {
    let at = first + split * step;
    let weight = exp2(stats[at].x - widest) * stats[at].y;
    sum += weight;
    o += weight * from_act(parts[at * HEAD4 + column]);
  }
  // A row that sees no key is zero.
  let to = (params.first_row + row) * params.total_heads + head;
  out[to * HEAD4 + column] = to_act(select(vec4f(), o / sum, sum > 0.0));
}
