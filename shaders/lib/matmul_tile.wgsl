// The tile of a matrix product A W^T, both operands [row][k] with k innermost, summed in f32. Three variants by tier: this
// one for operands of which A is f32, matmul_tile_pairs where both lie in 16 bits, matmul_tile_matrix by subgroup matrices.
// A variant says how rows are fetched, in cells of `cell_a` and `cell_w`; the importer declares
//   var<uniform> params with `length4`, the length of a row in vec4s
//   fn start_a(row: u32, cells: u32) -> u32   where row 0..127 of the tile starts, for rows of `cells` cells
//   fn fetch_a(at: u32) -> cell_a
//   fn start_w(col: u32, cells: u32) -> u32   likewise for the rows of W, the columns of the tile
//   fn fetch_w(at: u32) -> cell_w
// Rows past the end are whatever `start` makes of them.
#if subgroup_matrix
#import matmul_tile_matrix
#else
#if f16
#import matmul_tile_pairs
#else
// Here 256 threads make a 128 x 128 tile, 8 rows by 8 columns a thread.
//
// Slices of 16 k are staged transposed, [k][row], so that the inner loop is 4 vec4f reads per 64 multiply-adds.
// Each thread transposes one 4 x 4 block in registers, the lower half of them of A and the upper of W: its four stores
// are vec4f to consecutive addresses across threads, free of bank conflicts. The next slice is fetched while the
// current one is used. 16 KiB of workgroup memory. Masks such as `& 15` let the compiler prove bounds.
const TILE_THREADS: u32 = 256;
const TILE: u32 = 128;
const SLICE4: u32 = 4;
alias cell_a = act4;
alias cell_w = half4;

var<workgroup> sh_a: array<vec4f, 512>; // [16 k][32 groups of 4 rows]
var<workgroup> sh_w: array<vec4f, 512>; // [16 k][32 groups of 4 columns]

// Row r of the thread's sums: columns tile_col(thread) + 0..3 in `low[r]`, the same + 64 in `high[r]`.
// Rows are thread_y * 4 + r for r < 4, and 64 + thread_y * 4 + r - 4 for the rest.
struct Sums {
  low: array<vec4f, 8>,
  high: array<vec4f, 8>,
}

// Four values from 4 * k4 of a row of the tile; zeros past the end.
fn load_a(row: u32, k4: u32) -> vec4f {
  return select(vec4f(), from_act(fetch_a(start_a(row, params.length4) + k4)), k4 < params.length4);
}

fn load_w(col: u32, k4: u32) -> vec4f {
  return select(vec4f(), from_half(fetch_w(start_w(col, params.length4) + k4)), k4 < params.length4);
}

fn tile_row(thread: u32, r: u32) -> u32 {
  return (r / 4) * 64 + (thread / 16) * 4 + r % 4;
}

fn tile_col(thread: u32) -> u32 {
  return (thread % 16) * 4;
}

// `subgroup` is for the variant by subgroup matrices alone.
fn tile_product(thread: u32, subgroup: u32, length4: u32) -> Sums {
  let half_thread = thread & 127;
  let block = half_thread & 31;
  let quad = half_thread / 32;
  let stages_w = thread >= 128;
  let x = thread & 15;
  let y = (thread / 16) & 15;
  var sums = Sums();
  var got = array<vec4f, 4>();
  if (stages_w) {
    got = array<vec4f, 4>(load_w(block * 4, quad), load_w(block * 4 + 1, quad), load_w(block * 4 + 2, quad), load_w(block * 4 + 3, quad));
  } else {
    got = array<vec4f, 4>(load_a(block * 4, quad), load_a(block * 4 + 1, quad), load_a(block * 4 + 2, quad), load_a(block * 4 + 3, quad));
  }
  for (var k4 = 0u; k4 < length4; k4 += SLICE4) {
    let at = quad * 128 + block;
    if (stages_w) {
      sh_w[at] = vec4f(got[0].x, got[1].x, got[2].x, got[3].x);
      sh_w[at + 32] = vec4f(got[0].y, got[1].y, got[2].y, got[3].y);
      sh_w[at + 64] = vec4f(got[0].z, got[1].z, got[2].z, got[3].z);
      sh_w[at + 96] = vec4f(got[0].w, got[1].w, got[2].w, got[3].w);
    } else {
      sh_a[at] = vec4f(got[0].x, got[1].x, got[2].x, got[3].x);
      sh_a[at + 32] = vec4f(got[0].y, got[1].y, got[2].y, got[3].y);
      sh_a[at + 64] = vec4f(got[0].z, got[1].z, got[2].z, got[3].z);
      sh_a[at + 96] = vec4f(got[0].w, got[1].w, got[2].w, got[3].w);
    }
    workgroupBarrier();
    let next = k4 + SLICE4 + quad;
    if (k4 + SLICE4 < length4) {
      if (stages_w) {
        got = array<vec4f, 4>(load_w(block * 4, next), load_w(block * 4 + 1, next), load_w(block * 4 + 2, next), load_w(block * 4 + 3, next));
      } else {
        got = array<vec4f, 4>(load_a(block * 4, next), load_a(block * 4 + 1, next), load_a(block * 4 + 2, next), load_a(block * 4 + 3, next));
      }
    }
    for (var k = 0u; k < 16; k++) {
      let a_low = sh_a[k * 32 + y];
      let a_high = sh_a[k * 32 + 16 + y];
      let w_low = sh_w[k * 32 + x];
      let w_high = sh_w[k * 32 + 16 + x];
      sums.low[0] += a_low.x * w_low;
      sums.low[1] += a_low.y * w_low;
      sums.low[2] += a_low.z * w_low;
      sums.low[3] += a_low.w * w_low;
      sums.low[4] += a_high.x * w_low;
      sums.low[5] += a_high.y * w_low;
      sums.low[6] += a_high.z * w_low;
      sums.low[7] += a_high.w * w_low;
      sums.high[0] += a_low.x * w_high;
      sums.high[1] += a_low.y * w_high;
      sums.high[2] += a_low.z * w_high;
      sums.high[3] += a_low.w * w_high;
      sums.high[4] += a_high.x * w_high;
      sums.high[5] += a_high.y * w_high;
      sums.high[6] += a_high.z * w_high;
      sums.high[7] += a_high.w * w_high;
    }
    workgroupBarrier();
  }
  return sums;
}
#endif
#endif
