// The ceiling that benchmarks compare with: a register-tiled product with nothing around it, out = a^T w. Both operands
// lie [k][row], so that a slice is copied as it is; sizes are whole tiles, so that nothing is bounded or masked.
// With `f16`, operands, products and sums are f16 throughout, which real kernels can't afford: f32 is what their sums
// need. So the f16 ceiling is what arithmetic at that width gives, and no kernel here is expected to reach it.
// Reference: app/reference/matmul.ts
#if f16
enable f16;
alias value4 = vec4<f16>;
#else
alias value4 = vec4f;
#endif

struct Params {
  // Rows and columns of out in vec4s; whole tiles of 32.
  rows4: u32,
  cols4: u32,
  // Length of the sums, a multiple of 16.
  length: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<value4>;         // [length][rows4]
@group(0) @binding(2) var<storage, read> w: array<value4>;         // [length][cols4]
@group(0) @binding(3) var<storage, read_write> out: array<value4>; // [row][cols4]

var<workgroup> sh_a: array<value4, 512>; // [16 k][32 groups of 4 rows]
var<workgroup> sh_w: array<value4, 512>; // [16 k][32 groups of 4 columns]

// Dispatch: x = column tile, y = row tile, 128 x 128 each; 8 rows by 8 columns a thread.
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let x = thread & 15;
  let y = (thread / 16) & 15;
  // Each thread copies the same vec4 of two k of a slice.
  let lane = thread & 31;
  let k_low = (thread / 32) & 7;
  let a_at = group.y * 32 + lane;
  let w_at = group.x * 32 + lane;
  var low = array<value4, 8>();
  var high = array<value4, 8>();
  var got_a = array<value4, 2>(a[k_low * params.rows4 + a_at], a[(k_low + 8) * params.rows4 + a_at]);
  var got_w = array<value4, 2>(w[k_low * params.cols4 + w_at], w[(k_low + 8) * params.cols4 + w_at]);
  for (var slice = 0u; slice < params.length; slice += 16) {
    sh_a[k_low * 32 + lane] = got_a[0];
    sh_a[(k_low + 8) * 32 + lane] = got_a[1];
    sh_w[k_low * 32 + lane] = got_w[0];
    sh_w[(k_low + 8) * 32 + lane] = got_w[1];
    workgroupBarrier();
    if (slice + 16 < params.length) {
      let next = slice + 16 + k_low;
      got_a = array<value4, 2>(a[next * params.rows4 + a_at], a[(next + 8) * params.rows4 + a_at]);
      got_w = array<value4, 2>(w[next * params.cols4 + w_at], w[(next + 8) * params.cols4 + w_at]);
    }
    for (var k = 0u; k < 16; k++) {
      let a_low = sh_a[k * 32 + y];
      let a_high = sh_a[k * 32 + 16 + y];
      let w_low = sh_w[k * 32 + x];
      let w_high = sh_w[k * 32 + 16 + x];
      low[0] += a_low.x * w_low;
      low[1] += a_low.y * w_low;
      low[2] += a_low.z * w_low;
      low[3] += a_low.w * w_low;
      low[4] += a_high.x * w_low;
      low[5] += a_high.y * w_low;
      low[6] += a_high.z * w_low;
      low[7] += a_high.w * w_low;
      high[0] += a_low.x * w_high;
      high[1] += a_low.y * w_high;
      high[2] += a_low.z * w_high;
      high[3] += a_low.w * w_high;
      high[4] += a_high.x * w_high;
      high[5] += a_high.y * w_high;
      high[6] += a_high.z * w_high;
      high[7] += a_high.w * w_high;
    }
    workgroupBarrier();
  }
  for (var r = 0u; r < 8; r++) {
    let row = group.y * 128 + (r / 4) * 64 + y * 4 + r % 4;
    let at = row * params.cols4 + group.x * 32 + x;
    out[at] = low[r];
    out[at + 16] = high[r];
  }
}
