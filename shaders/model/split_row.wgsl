// `split_heads` of one token's queries, keys and values in one dispatch, as in decoding: queries to [head][dim], keys and
// values to their row of a range of the cache.
#import head_vector

struct Params {
  // Heads of the model, and of them those that belong to the range.
  heads: u32,
  head_base: u32,
  range_heads: u32,
  kv_heads: u32,
  kv_head_base: u32,
  range_kv_heads: u32,
  // Rows a head of k and v has; the token's is `position`.
  key_stride: u32,
  position: u32,
  has_norm: u32,
  epsilon: f32,
  // Rows of the coarse table; the fine table follows it.
  coarse_rows: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;          // [query, key, value head][2 * HALF4]
@group(0) @binding(2) var<storage, read> query_norm: array<half4>; // [2 * HALF4]
@group(0) @binding(3) var<storage, read> key_norm: array<half4>;   // [2 * HALF4]
@group(0) @binding(4) var<storage, read> tables: array<vec4f>;     // [coarse, fine][row][HALF4][cos, sin]
@group(0) @binding(5) var<storage, read_write> q: array<half4>;    // [head][2 * HALF4]
@group(0) @binding(6) var<storage, read_write> k: array<half4>;    // [kv head of the range][key_stride][2 * HALF4]
@group(0) @binding(7) var<storage, read_write> v: array<half4>;    // the same

// Dispatch: x + y * num_workgroups.x = group of VECTORS heads of the range: queries, then keys, then values; HALF4
// threads a head.
@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let slot = thread / HALF4;
  let i = thread % HALF4;
  let index = (group.y * groups.x + group.x) * VECTORS + slot;
  let keys_from = params.range_heads;
  let values_from = keys_from + params.range_kv_heads;
  let live = slot < VECTORS && index < values_from + params.range_kv_heads;
  let is_query = index < keys_from;
  let is_value = index >= values_from;
  // Head of the range, and where its kind's heads start in x.
  let head = select(index - select(keys_from, values_from, is_value), index, is_query);
  let kv_base = params.heads + params.kv_head_base + select(0, params.kv_heads, is_value);
  let x_head = select(kv_base, params.head_base, is_query) + head;

  let base = select(0, x_head * 2 * HALF4, live);
  var vector = Halves(x[base + i], x[base + HALF4 + i]);
  if (params.has_norm != 0) {
    let scale = head_scale(vector, thread);
    if (!is_value) {
      vector.low *= scale * select(from_half(key_norm[i]), from_half(query_norm[i]), is_query);
      vector.high *= scale * select(from_half(key_norm[HALF4 + i]), from_half(query_norm[HALF4 + i]), is_query);
    }
  }
  if (!is_value) {
    vector = rotated(vector, params.position, i);
  }

  let low = to_half(vector.low);
  let high = to_half(vector.high);
  let to_q = x_head * 2 * HALF4 + i;
  let to_kv = (head * params.key_stride + params.position) * 2 * HALF4 + i;
  if (live && is_query) {
    q[to_q] = low;
    q[to_q + HALF4] = high;
  } else if (live && is_value) {
    v[to_kv] = low;
    v[to_kv + HALF4] = high;
  } else if (live) {
    k[to_kv] = low;
    k[to_kv + HALF4] = high;
  }
}
