// Means of 64 rows each, of queries or keys (MInference's block-sparse pattern, arXiv 2407.02490, appendix C). The last
// block is divided by 64 too, as if zeros followed: MInference pads so before it pools.
// Reference: app/reference/blockSparse.ts, of the whole algorithm.
#import half

struct Params {
  rows: u32,
  blocks: u32,
  heads: u32,
  // Rows per head of `source`, and the head of `pooled` that its head 0 is.
  stride: u32,
  head_base: u32,
  dim4: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<half4>;       // [head - head_base][stride][dim4]
@group(0) @binding(2) var<storage, read_write> pooled: array<vec4f>; // [head][blocks][dim4]

const WORKGROUP: u32 = 64;
const BLOCK_ROWS: u32 = 64;

// Dispatch: one thread for four dims of a block, workgroup x + y * 65535.
@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let item = (group.y * groups.x + group.x) * WORKGROUP + thread;
  let head = item / (params.blocks * params.dim4);
  if (head >= params.heads) {
    return;
  }
  let dim = item % params.dim4;
  let block = item / params.dim4 % params.blocks;
  let end = min(params.rows, (block + 1) * BLOCK_ROWS);
  var sum = vec4f();
  for (var row = block * BLOCK_ROWS; row < end; row++) {
    sum += from_half(source[(head * params.stride + row) * params.dim4 + dim]);
  }
  pooled[((params.head_base + head) * params.blocks + block) * params.dim4 + dim] = sum / f32(BLOCK_ROWS);
}
