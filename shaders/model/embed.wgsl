// Token embedding: the residual of each token starts as its row of the table.
// The table may be bound in pieces where a whole one would exceed the binding limit; a dispatch fills the rows it has.
#import half

struct Params {
  tokens: u32,
  // First id of ids to use.
  first: u32,
  width4: u32,
  // Ids [row_first, row_first + rows) are in this piece of the table.
  row_first: u32,
  rows: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
@group(0) @binding(2) var<storage, read> weight: array<half4>;    // [row][width4]
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>; // [token][width4]

// Dispatch: one workgroup a token, x + y * num_workgroups.x.
@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let token = group.y * groups.x + group.x;
  if (token >= params.tokens) {
    return;
  }
  let row = ids[params.first + token];
  if (row < params.row_first || row - params.row_first >= params.rows) {
    return;
  }
  let from_row = (row - params.row_first) * params.width4;
  for (var i = thread; i < params.width4; i += 64) {
    out[token * params.width4 + i] = from_half(weight[from_row + i]);
  }
}
