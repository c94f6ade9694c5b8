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
  length4: u32,
  has_bias: u32,
  accumulate: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<act4>;        // [length4] from a_first4
@group(0) @binding(2) var<storage, read> w: array<half4>;       // [row][length4]
@group(0) @binding(3) var<storage, read> bias: array<half4>;    // [row / 4], from w's row 0
@group(0) @binding(4) var<storage, read_write> out: array<f32>; // [row]

fn load_pair(row: u32, k4: u32) -> f32 {
  return dot(from_half(w[row * params.length4 + k4]), from_act(a[params.a_first4 + k4]));
}

// Dispatch: x + y * num_workgroups.x = group of 4 rows.
@compute @workgroup_size(MATVEC_THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let row = (group.y * groups.x + group.x) * MATVEC_ROWS + thread / 16;
  let from_row = params.w_first + min(row, params.rows - 1);
  var value = row_dot(thread, from_row, params.length4);
  if (thread % 16 == 0 && row < params.rows) {
    if (params.has_bias != 0) {
      value += from_half(bias[from_row / 4])[from_row % 4];
    }
    if (params.accumulate != 0) {
      value += out[params.out_first + row];
    }
    out[params.out_first + row] = value;
  }
}
