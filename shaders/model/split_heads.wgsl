// Takes one projection (queries, keys or values) apart by head, with the optional per-head RMS norm and rotary position
// embedding, into [head][row][dim].
#import head_vector

struct Params {
  tokens: u32,
  heads: u32,
  // A token's row of x in vec4s, and where the first head starts in it.
  row4: u32,
  offset4: u32,
  // Rows a head of out has, and the first one to write.
  out_stride: u32,
  out_first: u32,
  // Position of token 0.
  position: u32,
  has_norm: u32,
  has_rope: u32,
  epsilon: f32,
  // Rows of the coarse table; the fine table follows it.
  coarse_rows: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;         // [token][row4]
@group(0) @binding(2) var<storage, read> norm: array<half4>;      // [2 * HALF4]
@group(0) @binding(3) var<storage, read> tables: array<vec4f>;    // [coarse, fine][row][HALF4][cos, sin]
@group(0) @binding(4) var<storage, read_write> out: array<half4>; // [head][out_stride][2 * HALF4]

// Dispatch: x + y * num_workgroups.x = group of VECTORS (token, head) pairs, heads innermost; HALF4 threads a pair.
@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let slot = thread / HALF4;
  let i = thread % HALF4;
  let pair = (group.y * groups.x + group.x) * VECTORS + slot;
  let live = slot < VECTORS && pair < params.tokens * params.heads;
  let token = select(0u, pair / params.heads, live);
  let head = select(0u, pair % params.heads, live);

  let base = token * params.row4 + params.offset4 + head * 2 * HALF4;
  var vector = Halves(x[base + i], x[base + HALF4 + i]);
  if (params.has_norm != 0) {
    let scale = head_scale(vector, thread);
    vector.low *= scale * from_half(norm[i]);
    vector.high *= scale * from_half(norm[HALF4 + i]);
  }
  if (params.has_rope != 0) {
    vector = rotated(vector, params.position + token, i);
  }

  if (live) {
    let to = (head * params.out_stride + params.out_first + token) * 2 * HALF4;
    out[to + i] = to_half(vector.low);
    out[to + HALF4 + i] = to_half(vector.high);
  }
}
