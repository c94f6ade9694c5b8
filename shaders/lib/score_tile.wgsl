// Products of 64 queries with 128 keys in f32: 128 threads, each 8 consecutive queries by 8 consecutive keys.
// The kernel brings `load_query4` and `load_key4` (four dims of a row; zero where there is none). 12 KiB are used.
#import half

const SCORE_ROWS: u32 = 64;
const SCORE_KEYS: u32 = 128;
const SCORE_THREADS: u32 = 128;
const SLICE4: u32 = 4; // vec4s of a row taken at a time

var<workgroup> sh_q: array<vec4f, 256>; // [dim of slice][query / 4]
var<workgroup> sh_k: array<vec4f, 512>; // [dim of slice][key / 4, even ones first]

// acc[2r + h]: query 8 * (thread / 16) + r, keys 8 * (thread % 16) + 4h and on. Uniform control flow only.
fn score_tile(first_row: u32, first_key: u32, dim4: u32, thread: u32) -> array<vec4f, 16> {
  var acc = array<vec4f, 16>();
  let row8 = thread / 16;
  let key8 = thread % 16;
  for (var at = 0u; at < dim4; at += SLICE4) {
    // Each thread transposes a block of four rows by four dims in registers.
    let dims = thread % 4;
    let rows = thread / 4;
    if (rows < SCORE_ROWS / 4) {
      var block: mat4x4f;
      for (var i = 0u; i < 4; i++) {
        block[i] = load_query4(first_row + rows * 4 + i, at + dims);
      }
      block = transpose(block);
      for (var i = 0u; i < 4; i++) {
        sh_q[(dims * 4 + i) * 16 + rows] = block[i];
      }
    }
    var block: mat4x4f;
    for (var i = 0u; i < 4; i++) {
      block[i] = load_key4(first_key + rows * 4 + i, at + dims);
    }
    block = transpose(block);
    for (var i = 0u; i < 4; i++) {
      sh_k[(dims * 4 + i) * 32 + (rows % 2) * 16 + rows / 2] = block[i];
    }
    workgroupBarrier();
    for (var d = 0u; d < SLICE4 * 4; d++) {
      let q0 = sh_q[d * 16 + row8 * 2];
      let q1 = sh_q[d * 16 + row8 * 2 + 1];
      let k0 = sh_k[d * 32 + key8];
      let k1 = sh_k[d * 32 + 16 + key8];
      acc[0] += q0.x * k0;
      acc[1] += q0.x * k1;
      acc[2] += q0.y * k0;
      acc[3] += q0.y * k1;
      acc[4] += q0.z * k0;
      acc[5] += q0.z * k1;
      acc[6] += q0.w * k0;
      acc[7] += q0.w * k1;
      acc[8] += q1.x * k0;
      acc[9] += q1.x * k1;
      acc[10] += q1.y * k0;
      acc[11] += q1.y * k1;
      acc[12] += q1.z * k0;
      acc[13] += q1.z * k1;
      acc[14] += q1.w * k0;
      acc[15] += q1.w * k1;
    }
    workgroupBarrier();
  }
  return acc;
}
