// matmul_tile for products of few rows, whose tiles of 128 x 128 would leave most of a GPU idle: 128 threads make a 64 x 64
// tile, 4 rows by 8 columns a thread, at a third of the registers, so that several workgroups share a processor.
// Operands are staged as in matmul_tile_pairs, one half of the threads those of A and the other those of W. 8 KiB of
// workgroup memory.
const TILE_THREADS: u32 = 128;
const TILE: u32 = 64;
// Cells of a row in a slice. A cell holds 8 values.
const SLICE_CELLS: u32 = 4;
alias cell_a = vec4u;
alias cell_w = vec4u;

var<workgroup> sh_a: array<vec4u, 256>; // [16 pairs][16 groups of 4 rows]
var<workgroup> sh_w: array<vec4u, 256>; // [16 pairs][16 groups of 4 columns]

// The first value of each of four pairs, then the second.
fn evens(pairs: vec4u) -> vec4f {
  return vec4f(
    f32(bitcast<vec2<f16>>(pairs.x).x), f32(bitcast<vec2<f16>>(pairs.y).x),
    f32(bitcast<vec2<f16>>(pairs.z).x), f32(bitcast<vec2<f16>>(pairs.w).x));
}

fn odds(pairs: vec4u) -> vec4f {
  return vec4f(
    f32(bitcast<vec2<f16>>(pairs.x).y), f32(bitcast<vec2<f16>>(pairs.y).y),
    f32(bitcast<vec2<f16>>(pairs.z).y), f32(bitcast<vec2<f16>>(pairs.w).y));
}

// `subgroup` is for the variant by subgroup matrices alone. `length4` is even.
fn tile_product(thread: u32, subgroup: u32, length4: u32) {
  let cells = length4 / 2;
  let x = thread % 8;
  let y = (thread / 8) % 16;
  // What the thread stages: cell `cell` of a slice of the 4 rows of group `block`.
  let stages_w = thread >= 64;
  let cell = thread % 4;
  let block = (thread / 4) % 16;
  let to = cell * 64 + block / 8 * 8 + (block + cell * 2) % 8;
  var starts = vec4u();
  if (stages_w) {
    starts = vec4u(
      start_w(block * 4, cells), start_w(block * 4 + 1, cells),
      start_w(block * 4 + 2, cells), start_w(block * 4 + 3, cells));
  } else {
    starts = vec4u(
      start_a(block * 4, cells), start_a(block * 4 + 1, cells),
      start_a(block * 4 + 2, cells), start_a(block * 4 + 3, cells));
  }
  starts += vec4u(cell);
  var got = array<vec4u, 4>();
  if (stages_w) {
    got = array<vec4u, 4>(fetch_w(starts.x), fetch_w(starts.y), fetch_w(starts.z), fetch_w(starts.w));
  } else {
    got = array<vec4u, 4>(fetch_a(starts.x), fetch_a(starts.y), fetch_a(starts.z), fetch_a(starts.w));
  }
  var low_0 = vec4f();
  var low_1 = vec4f();
  var low_2 = vec4f();
  var low_3 = vec4f();
  var high_0 = vec4f();
  var high_1 = vec4f();
  var high_2 = vec4f();
  var high_3 = vec4f();
  for (var at = 0u; at < cells; at += SLICE_CELLS) {
    if (at + cell >= cells) {
      got = array<vec4u, 4>();
    }
    if (stages_w) {
      sh_w[to] = vec4u(got[0].x, got[1].x, got[2].x, got[3].x);
      sh_w[to + 16] = vec4u(got[0].y, got[1].y, got[2].y, got[3].y);
      sh_w[to + 32] = vec4u(got[0].z, got[1].z, got[2].z, got[3].z);
      sh_w[to + 48] = vec4u(got[0].w, got[1].w, got[2].w, got[3].w);
    } else {
      sh_a[to] = vec4u(got[0].x, got[1].x, got[2].x, got[3].x);
      sh_a[to + 16] = vec4u(got[0].y, got[1].y, got[2].y, got[3].y);
      sh_a[to + 32] = vec4u(got[0].z, got[1].z, got[2].z, got[3].z);
      sh_a[to + 48] = vec4u(got[0].w, got[1].w, got[2].w, got[3].w);
    }
    workgroupBarrier();
    let next = at + SLICE_CELLS;
    if (next < cells) {
      let then = starts + vec4u(next);
      if (stages_w) {
        got = array<vec4u, 4>(fetch_w(then.x), fetch_w(then.y), fetch_w(then.z), fetch_w(then.w));
      } else {
        got = array<vec4u, 4>(fetch_a(then.x), fetch_a(then.y), fetch_a(then.z), fetch_a(then.w));
      }
    }
    // Four pairs are written out, so that their reads are under way together.
    for (var four = 0u; four < 4; four++) {
      let a = four * 64 + y / 8 * 8 + (y + four * 2) % 8;
      let w = four * 64 + (x + four * 2) % 8;
      let a_0 = sh_a[a];
      let w_low_0 = sh_w[w];
      let w_high_0 = sh_w[w + 8];
      let a_1 = sh_a[a + 16];
      let w_low_1 = sh_w[w + 16];
      let w_high_1 = sh_w[w + 24];
      let a_2 = sh_a[a + 32];
      let w_low_2 = sh_w[w + 32];
      let w_high_2 = sh_w[w + 40];
      let a_3 = sh_a[a + 48];
      let w_low_3 = sh_w[w + 48];
      let w_high_3 = sh_w[w + 56];
      let even_0 = evens(a_0);
      let even_0_low = evens(w_low_0);
      let even_0_high = evens(w_high_0);
      low_0 += even_0.x * even_0_low;
      low_1 += even_0.y * even_0_low;
      low_2 += even_0.z * even_0_low;
      low_3 += even_0.w * even_0_low;
      high_0 += even_0.x * even_0_high;
      high_1 += even_0.y * even_0_high;
      high_2 += even_0.z * even_0_high;
      high_3 += even_0.w * even_0_high;
      let odd_0 = odds(a_0);
      let odd_0_low = odds(w_low_0);
      let odd_0_high = odds(w_high_0);
      low_0 += odd_0.x * odd_0_low;
      low_1 += odd_0.y * odd_0_low;
      low_2 += odd_0.z * odd_0_low;
      low_3 += odd_0.w * odd_0_low;
      high_0 += odd_0.x * odd_0_high;
      high_1 += odd_0.y * odd_0_high;
      high_2 += odd_0.z * odd_0_high;
      high_3 += odd_0.w * odd_0_high;
      let even_1 = evens(a_1);
      let even_1_low = evens(w_low_1);
      let even_1_high = evens(w_high_1);
      low_0 += even_1.x * even_1_low;
      low_1 += even_1.y * even_1_low;
      low_2 += even_1.z * even_1_low;
      low_3 += even_1.w * even_1_low;
      high_0 += even_1.x * even_1_high;
      high_1 += even_1.y * even_1_high;
      high_2 += even_1.z * even_1_high;
      high_3 += even_1.w * even_1_high;
      let odd_1 = odds(a_1);
      let odd_1_low = odds(w_low_1);
      let odd_1_high = odds(w_high_1);
      low_0 += odd_1.x * odd_1_low;
      low_1 += odd_1.y * odd_1_low;
      low_2 += odd_1.z * odd_1_low;
      low_3 += odd_1.w * odd_1_low;
      high_0 += odd_1.x * odd_1_high;
      high_1 += odd_1.y * odd_1_high;
      high_2 += odd_1.z * odd_1_high;
      high_3 += odd_1.w * odd_1_high;
      let even_2 = evens(a_2);
      let even_2_low = evens(w_low_2);
      let even_2_high = evens(w_high_2);
      low_0 += even_2.x * even_2_low;
      low_1 += even_2.y * even_2_low;
      low_2 += even_2.z * even_2_low;
      low_3 += even_2.w * even_2_low;
      high_0 += even_2.x * even_2_high;
      high_1 += even_2.y * even_2_high;
      high_2 += even_2.z * even_2_high;
      high_3 += even_2.w * even_2_high;
      let odd_2 = odds(a_2);
      let odd_2_low = odds(w_low_2);
      let odd_2_high = odds(w_high_2);
      low_0 += odd_2.x * odd_2_low;
      low_1 += odd_2.y * odd_2_low;
      low_2 += odd_2.z * odd_2_low;
      low_3 += odd_2.w * odd_2_low;
      high_0 += odd_2.x * odd_2_high;
      high_1 += odd_2.y * odd_2_high;
      high_2 += odd_2.z * odd_2_high;
      high_3 += odd_2.w * odd_2_high;
      let even_3 = evens(a_3);
      let even_3_low = evens(w_low_3);
      let even_3_high = evens(w_high_3);
      low_0 += even_3.x * even_3_low;
      low_1 += even_3.y * even_3_low;
      low_2 += even_3.z * even_3_low;
      low_3 += even_3.w * even_3_low;
      high_0 += even_3.x * even_3_high;
      high_1 += even_3.y * even_3_high;
      high_2 += even_3.z * even_3_high;
      high_3 += even_3.w * even_3_high;
      let odd_3 = odds(a_3);
      let odd_3_low = odds(w_low_3);
      let odd_3_high = odds(w_high_3);
      low_0 += odd_3.x * odd_3_low;
      low_1 += odd_3.y * odd_3_low;
      low_2 += odd_3.z * odd_3_low;
      low_3 += odd_3.w * odd_3_low;
      high_0 += odd_3.x * odd_3_high;
      high_1 += odd_3.y * odd_3_high;
      high_2 += odd_3.z * odd_3_high;
      high_3 += odd_3.w * odd_3_high;
    }
    workgroupBarrier();
  }
  keep(y * 4, x * 4, low_0, high_0);
  keep(y * 4 + 1, x * 4, low_1, high_1);
  keep(y * 4 + 2, x * 4, low_2, high_2);
  keep(y * 4 + 3, x * 4, low_3, high_3);
}
