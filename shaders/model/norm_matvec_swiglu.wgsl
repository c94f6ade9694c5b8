// `rms_norm` of one row and `matmul_swiglu` of it in one dispatch: out = silu(gate norm(x)) * (up norm(x)).
#import activation
#import matvec_rows
#import vector_norm

struct Params {
  // Row of x, in vec4s.
  x_first4: u32,
  // Width of the MLP, a multiple of 4.
  rows: u32,
  // Length of a row in eights.
  length8: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;        // [2 * length8] from x_first4
@group(0) @binding(2) var<storage, read> norm: array<half4>;     // [2 * length8]
@group(0) @binding(3) var<storage, read> w: array<vec4u>;        // [gate, up][row][length8]
@group(0) @binding(4) var<storage, read_write> out: array<act4>; // [row / 4]

// One for the gate and one for up.
const MATVEC_PARTS: u32 = 2;

var<workgroup> sh_total: array<array<f32, MATVEC_ROWS>, MATVEC_PARTS>;

// Dispatch: x + y * num_workgroups.x = group of 4 rows, which is one vec4 of out.
@compute @workgroup_size(MATVEC_THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let first = (group.y * groups.x + group.x) * MATVEC_ROWS;
  let rows = min(first + vec4u(0, 1, 2, 3), vec4u(params.rows - 1));
  let starts = (thread / MATVEC_LANES * params.rows + rows) * params.length8;
  let ahead = weights_from(starts, thread % MATVEC_LANES, params.length8);
  measure_vector(thread);
  let total = row_total(ahead, starts, params.length8, thread);
  if (thread < MATVEC_ROWS * MATVEC_PARTS) {
    sh_total[thread / MATVEC_ROWS][thread % MATVEC_ROWS] = total;
  }
  workgroupBarrier();
  if (thread == 0 && first < params.rows) {
    let gate = vec4f(sh_total[0][0], sh_total[0][1], sh_total[0][2], sh_total[0][3]);
    let up = vec4f(sh_total[1][0], sh_total[1][1], sh_total[1][2], sh_total[1][3]);
    out[first / 4] = to_act(gate / (1.0 + exp(-gate)) * up);
  }
}
