// The prompt's last queries against its keys, for score_tile. The importer's bindings are read here:
//   tail [head][tail_rows][dim4], k [kv head][key_stride][dim4] halves
#import half
#import score_tile

var<private> tail_base: u32;
var<private> key_base: u32;

// Rows of a query head, and of the keys that it sees.
fn take_head(head: u32) {
  tail_base = head * params.tail_rows * params.dim4;
  key_base = (head / params.group - params.kv_head_base) * params.key_stride * params.dim4;
}

fn load_query4(row: u32, dim: u32) -> vec4f {
  let live = row < params.tail_rows && dim < params.dim4;
  let value = from_half(tail[select(0u, tail_base + row * params.dim4 + dim, live)]);
  return select(vec4f(), value, live);
}

fn load_key4(key: u32, dim: u32) -> vec4f {
  let live = key < params.keys && dim < params.dim4;
  let value = from_half(k[select(0u, key_base + key * params.dim4 + dim, live)]);
  return select(vec4f(), value, live);
}
