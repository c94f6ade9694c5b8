// `matmul` for one row, as in decoding: out = w a (+ bias), or out += it. Bound by reading w once.
#import activation
#import matvec_rows

struct Params {
  // Row of a, in vec4s.
  a_first4: u32,
  rows: u32,
  w_first: u32,
  // First element of out.
  out_first: u32,
  // Length of a row in eights.
  length8: u32,
  has_bias: u32,
  accumulate: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<act4>;        // [2 * length8] from a_first4
@group(0) @binding(2) var<storage, read> w: array<vec4u>;       // [row][length8]
@group(0) @binding(3) var<storage, read> bias: array<half4>;    // [row / 4], from w's row 0
@group(0) @binding(4) var<storage, read_write> out: array<f32>; // [row]

const MATVEC_PARTS: u32 = 1;

fn vector8(k8: u32) -> Eight {
  let at = params.a_first4 + 2 * k8;
  return Eight(from_act(a[at]), from_act(a[at + 1]));
}

// Dispatch: x + y * num_workgroups.x = group of 4 rows. Thread i < 4 writes row i.
@compute @workgroup_size(MATVEC_THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let first = (group.y * groups.x + group.x) * MATVEC_ROWS;
  // Rows past the end repeat the last one; they are never stored.
  let from_rows = params.w_first + min(first + vec4u(0, 1, 2, 3), vec4u(params.rows - 1));
  let starts = from_rows * params.length8;
  let ahead = weights_from(starts, thread, params.length8);
  let row = first + thread;
  let mine = thread < MATVEC_ROWS && row < params.rows;
  var added = 0.0;
  if (mine && params.has_bias != 0) {
    added = from_half(bias[(params.w_first + row) / 4])[(params.w_first + row) % 4];
  }
  if (mine && params.accumulate != 0) {
    added += out[params.out_first + row];
  }
  let total = row_total(ahead, starts, params.length8, thread);
  if (mine) {
    out[params.out_first + row] = total + added;
  }
}
