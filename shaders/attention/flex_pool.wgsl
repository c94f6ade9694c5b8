// FlexPrefill: means of blocks of queries or keys (arXiv 2502.20766, section 3.2). A block counts the rows that exist:
// fewer at the end, and for queries at a start within a block. Rows may come in several dispatches, in order.
// Reference: app/reference/flexPrefill.ts, of the whole algorithm.
#import half

struct Params {
  // Rows [0, count) of each head of x stand at `position` and on.
  count: u32,
  position: u32,
  // Rows per head of x.
  stride: u32,
  // Positions [from_position, to_position) are all that there will be.
  from_position: u32,
  to_position: u32,
  block: u32,
  dim4: u32,
  // First block of a head of `means`, blocks per head there, first head written, blocks to write.
  block_base: u32,
  block_stride: u32,
  head_base: u32,
  blocks: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<half4>;           // [head][stride][dim4]
@group(0) @binding(2) var<storage, read_write> means: array<vec4f>; // [head][block_stride][dim4]

const WORKGROUP: u32 = 64;

// Dispatch: (64 of (block, vec4 of dims), head).
@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let item = group.x * WORKGROUP + thread;
  let column = item % params.dim4;
  if (item / params.dim4 >= params.blocks) {
    return;
  }
  let block = params.position / params.block + item / params.dim4;
  let start = max(block * params.block, params.from_position);
  let whole = min((block + 1) * params.block, params.to_position) - start;
  let from_row = max(start, params.position) - params.position;
  let to_row = min((block + 1) * params.block, params.position + params.count) - params.position;
  var sum = vec4f();
  for (var row = from_row; row < to_row; row++) {
    sum += from_half(x[(group.y * params.stride + row) * params.dim4 + column]);
  }
  let mean = ((params.head_base + group.y) * params.block_stride + block - params.block_base) * params.dim4 + column;
  var before = vec4f();
  if (start < params.position) {
    before = means[mean];
  }
  means[mean] = before + sum / f32(whole);
}
