// `matmul_swiglu` for one row: out = silu(gate a) * (up a).
#import activation
#import matvec_rows

struct Params {
  // Width of the MLP, a multiple of 4.
  rows: u32,
  length4: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<act4>;          // [length4]
@group(0) @binding(2) var<storage, read> w: array<half4>;         // [gate, up][row][length4]
@group(0) @binding(3) var<storage, read_write> out: array<act4>;  // [row / 4]

var<workgroup> sh_value: array<f32, MATVEC_ROWS>;

fn load_pair(row: u32, k4: u32) -> f32 {
  return dot(from_half(w[row * params.length4 + k4]), from_act(a[k4]));
}

// Dispatch: x + y * num_workgroups.x = group of 4 rows, which is one half4 of out.
@compute @workgroup_size(MATVEC_THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let first = (group.y * groups.x + group.x) * MATVEC_ROWS;
  let row = min(first + thread / 16, params.rows - 1);
  let gate = row_dot(thread, row, params.length4);
  let up = row_dot(thread, params.rows + row, params.length4);
  if (thread % 16 == 0) {
    sh_value[thread / 16] = gate / (1.0 + exp(-gate)) * up;
  }
  workgroupBarrier();
  if (thread == 0 && first < params.rows) {
    out[first / 4] = to_act(vec4f(sh_value[0], sh_value[1], sh_value[2], sh_value[3]));
  }
}
