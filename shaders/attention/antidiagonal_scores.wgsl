// Antidiagonal scores of XAttention (arXiv 2503.16428, section 2.1): `stride` queries, the last first, and `stride` keys
// are each taken as one long row, so that a product of two such rows sums an antidiagonal of a square of scores.
// Rounded to f16 where the original rounds, so that two blocks of nearly equal sums are ordered as there.
// Reference: app/reference/xattention.ts, of the whole algorithm.
#import score_tile
#import round_half

struct Params {
  // Workgroups are numbered by unit and span of 128 strided keys; the first of this dispatch.
  first_workgroup: u32,
  spans: u32,
  // A unit is 64 strided rows of a head. Unit of workgroup 0, and units of a head.
  first_unit: u32,
  row_tiles: u32,
  // Query head of unit 0, the first KV head of the binding k, and query heads per KV head.
  head_base: u32,
  kv_head_base: u32,
  group: u32,
  dim4: u32,
  stride: u32,
  // Rows of the chunk, rows per head of `queries`, position of row 0.
  rows: u32,
  query_stride: u32,
  row_position: u32,
  keys: u32,
  key_stride: u32,
  // Groups of 8 strided keys: the width of `scores`.
  groups: u32,
  // 1 / sqrt(dim), 1 / stride
  scale: f32,
  stride_scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> queries: array<half4>;     // [head][query_stride][dim4]
@group(0) @binding(2) var<storage, read> k: array<half4>;           // [kv head][key_stride][dim4]
@group(0) @binding(3) var<storage, read_write> scores: array<vec4u>; // [unit - first_unit][64][groups], halves in pairs

var<private> query_base: u32;
var<private> key_base: u32;

fn load_query4(row: u32, dim: u32) -> vec4f {
  let part = dim / params.dim4;
  let source = row * params.stride + params.stride - 1 - part;
  let live = part < params.stride && source < params.rows;
  let at = query_base + source * params.dim4 + dim % params.dim4;
  return select(vec4f(), from_half(queries[select(0u, at, live)]), live);
}

fn load_key4(key: u32, dim: u32) -> vec4f {
  let part = dim / params.dim4;
  let source = key * params.stride + part;
  let live = part < params.stride && source < params.keys;
  let at = key_base + source * params.dim4 + dim % params.dim4;
  return select(vec4f(), from_half(k[select(0u, at, live)]), live);
}

// The original's products overflow beyond 65504; scaled they fit, and are what they would be in a wider range.
fn scores_of(products: vec4f) -> vec4f {
  let scores = round_half(round_half(products) * params.scale) * params.stride_scale;
  return clamp(scores, vec4f(-65504.0), vec4f(65504.0));
}

// Dispatch: one workgroup for 64 strided rows by 128 strided keys.
@compute @workgroup_size(SCORE_THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let index = params.first_workgroup + group.x;
  let unit = params.first_unit + index / params.spans;
  let first_key = index % params.spans * SCORE_KEYS;
  let first_row = unit % params.row_tiles * SCORE_ROWS;
  // Strided keys that begin no later than a strided row's first query are causal, as in the original.
  let last_row = (first_row + SCORE_ROWS - 1) * params.stride;
  if (first_key > (params.row_position + min(last_row, params.rows - 1)) / params.stride) {
    return;
  }
  let head = params.head_base + unit / params.row_tiles;
  query_base = head * params.query_stride * params.dim4;
  key_base = (head / params.group - params.kv_head_base) * params.key_stride * params.dim4;

  let products = score_tile(first_row, first_key, params.dim4 * params.stride, thread);
  let key = first_key + thread % 16 * 8;
  for (var r = 0u; r < 8; r++) {
    let row = first_row + thread / 16 * 8 + r;
    let low = scores_of(products[2 * r]);
    let high = scores_of(products[2 * r + 1]);
    if (row * params.stride < params.rows && key / 8 < params.groups) {
      let place = ((unit - params.first_unit) * SCORE_ROWS + row - first_row) * params.groups + key / 8;
      scores[place] = vec4u(
        pack2x16float(low.xy),
        pack2x16float(low.zw),
        pack2x16float(high.xy),
        pack2x16float(high.zw),
      );
    }
  }
}
