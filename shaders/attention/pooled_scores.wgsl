// Scores of key tiles for row blocks: products of pooled queries with pooled keys, unscaled (MInference's block-sparse
// pattern, arXiv 2407.02490, appendix C), as unsigned integers in the same order.
// Reference: app/reference/blockSparse.ts, of the whole algorithm.
#import score_tile

struct Params {
  // Row blocks of the chunk, key tiles that its last row sees, and tiles per KV head of pooled_k.
  row_blocks: u32,
  tiles: u32,
  tile_stride: u32,
  first_span: u32,
  // Query head of workgroup z = 0; query heads per KV head.
  head_base: u32,
  group: u32,
  dim4: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> pooled_q: array<vec4f>;  // [head][row_blocks][dim4]
@group(0) @binding(2) var<storage, read> pooled_k: array<vec4f>;  // [kv head][tile_stride][dim4]
@group(0) @binding(3) var<storage, read_write> scores: array<u32>; // [head - head_base][row_blocks][tiles]

var<private> query_base: u32;
var<private> key_base: u32;

fn load_query4(row: u32, dim: u32) -> vec4f {
  let live = row < params.row_blocks && dim < params.dim4;
  return select(vec4f(), pooled_q[select(0u, query_base + row * params.dim4 + dim, live)], live);
}

fn load_key4(key: u32, dim: u32) -> vec4f {
  let live = key < params.tiles && dim < params.dim4;
  return select(vec4f(), pooled_k[select(0u, key_base + key * params.dim4 + dim, live)], live);
}

// The order of floats as that of unsigned integers; both zeros are one.
fn ordered(score: f32) -> u32 {
  let bits = select(bitcast<u32>(score), 0u, score == 0);
  return select(bits | 0x80000000u, ~bits, (bits >> 31) == 1);
}

// Dispatch: (span of 128 tiles, 64 row blocks, head).
@compute @workgroup_size(SCORE_THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let head = params.head_base + group.z;
  query_base = head * params.row_blocks * params.dim4;
  key_base = head / params.group * params.tile_stride * params.dim4;
  let first_tile = (params.first_span + group.x) * SCORE_KEYS;
  let first_row = group.y * SCORE_ROWS;
  let products = score_tile(first_row, first_tile, params.dim4, thread);
  for (var r = 0u; r < 8; r++) {
    let row = first_row + thread / 16 * 8 + r;
    for (var c = 0u; c < 8; c++) {
      let tile = first_tile + thread % 16 * 8 + c;
      if (row < params.row_blocks && tile < params.tiles) {
        let place = (group.z * params.row_blocks + row) * params.tiles + tile;
        scores[place] = ordered(products[2 * r + c / 4][c % 4]);
      }
    }
  }
}
