// `rms_norm` of one row and `matvec` of it in one dispatch, as in decoding: out = w norm(x) (+ bias).
#import activation
#import matvec_rows
#import vector_norm

struct Params {
  // Row of x, in vec4s.
  x_first4: u32,
  rows: u32,
  // First element of out.
  out_first: u32,
  // Length of a row in eights.
  length8: u32,
  has_bias: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [2 * length8] from x_first4
@group(0) @binding(2) var<storage, read> norm: array<half4>;    // [2 * length8]
@group(0) @binding(3) var<storage, read> w: array<vec4u>;       // [row][length8]
@group(0) @binding(4) var<storage, read> bias: array<half4>;    // [row / 4]
@group(0) @binding(5) var<storage, read_write> out: array<f32>; // [row]

const MATVEC_PARTS: u32 = 1;

// Dispatch: x + y * num_workgroups.x = group of 4 rows. Thread i < 4 writes row i.
@compute @workgroup_size(MATVEC_THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let first = (group.y * groups.x + group.x) * MATVEC_ROWS;
  // Rows past the end repeat the last one; they are never stored.
  let starts = min(first + vec4u(0, 1, 2, 3), vec4u(params.rows - 1)) * params.length8;
  let ahead = weights_from(starts, thread, params.length8);
  let row = first + thread;
  let mine = thread < MATVEC_ROWS && row < params.rows;
  var added = 0.0;
  if (mine && params.has_bias != 0) {
    added = from_half(bias[row / 4])[row % 4];
  }
  measure_vector(thread);
  let total = row_total(ahead, starts, params.length8, thread);
  if (mine) {
    out[params.out_first + row] = total + added;
  }
}
