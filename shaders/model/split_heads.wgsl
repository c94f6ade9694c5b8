// Takes one projection (queries, keys or values) apart by head, with the optional per-head RMS norm (Qwen3) and
// rotary position embedding (Su et al. 2021, in the half-split form that Llama uses), into [head][row][dim].
//
// cos and sin come from two small f64-made tables: position = 1024 * coarse + fine, and the angle sum formulas join
// them in f32, so that a million positions need no million-row table and no large f32 angle is ever formed.
#import half

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

// Vec4s in half a head: dim / 8, 1 to 32.
#const HALF4: u32

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;         // [token][row4]
@group(0) @binding(2) var<storage, read> norm: array<half4>;      // [2 * HALF4]
@group(0) @binding(3) var<storage, read> tables: array<vec4f>;    // [coarse, fine][row][HALF4][cos, sin]
@group(0) @binding(4) var<storage, read_write> out: array<half4>; // [head][out_stride][2 * HALF4]

const WORKGROUP: u32 = 64;
const VECTORS: u32 = WORKGROUP / HALF4;

var<workgroup> sh_squares: array<f32, WORKGROUP>;

// Dispatch: x + y * num_workgroups.x = group of VECTORS (token, head) pairs, heads innermost; HALF4 threads a pair.
// Thread i of a pair holds dims 4 i.. of the first half and the same of the second half.
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
  var low = x[base + i];
  var high = x[base + HALF4 + i];

  if (params.has_norm != 0) {
    sh_squares[thread] = dot(low, low) + dot(high, high);
    workgroupBarrier();
    var sum = 0.0;
    for (var j = 0u; j < HALF4; j++) {
      sum += sh_squares[min(slot * HALF4 + j, WORKGROUP - 1)];
    }
    let scale = inverseSqrt(sum / f32(8 * HALF4) + params.epsilon);
    low *= scale * from_half(norm[i]);
    high *= scale * from_half(norm[HALF4 + i]);
  }

  if (params.has_rope != 0) {
    let position = params.position + token;
    let coarse = ((position / 1024) * HALF4 + i) * 2;
    let fine = ((params.coarse_rows + position % 1024) * HALF4 + i) * 2;
    let cosine = tables[coarse] * tables[fine] - tables[coarse + 1] * tables[fine + 1];
    let sine = tables[coarse + 1] * tables[fine] + tables[coarse] * tables[fine + 1];
    let turned = low * cosine - high * sine;
    high = high * cosine + low * sine;
    low = turned;
  }

  if (live) {
    let to = (head * params.out_stride + params.out_first + token) * 2 * HALF4;
    out[to + i] = to_half(low);
    out[to + HALF4 + i] = to_half(high);
  }
}
