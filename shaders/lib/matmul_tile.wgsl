// The tile of a matrix product A W^T, both operands [row][k] with k innermost, summed in f32. Three variants by tier: this
// one for operands of which A is f32, matmul_tile_pairs where both lie in 16 bits (matmul_tile_small for few rows),
// matmul_tile_matrix by subgroup matrices. A variant is TILE x TILE and says how rows are fetched, in cells of `cell_a` and
// `cell_w`; the importer declares
//   var<uniform> params with `length4`, the length of a row in vec4s
//   fn start_a(row: u32, cells: u32) -> u32   where row 0..TILE-1 of the tile starts, for rows of `cells` cells
//   fn fetch_a(at: u32) -> cell_a
//   fn start_w(col: u32, cells: u32) -> u32   likewise for the rows of W, the columns of the tile
//   fn fetch_w(at: u32) -> cell_w
//   fn keep(row: u32, col: u32, low: vec4f, high: vec4f)   takes sums of a row of the tile: of columns col..col + 3 in `low`, of
//     those TILE / 2 further in `high`; where a tile of 128 has pairs, `keep_row` takes a thread's sums of a row of out
// Rows past the end are whatever `start` makes of them.
#if subgroup_matrix
#import matmul_tile_matrix
#else
#if f16
#if small_tile
#import matmul_tile_small
#else
#import matmul_tile_pairs
#endif
#else
// Here 256 threads make a 128 x 128 tile, 8 rows by 8 columns a thread.
//
// Slices of 16 k are staged transposed, [k][row], so that the inner loop is 4 vec4f reads per 64 multiply-adds.
// Each thread transposes one 4 x 4 block in registers, the lower half of them of A and the upper of W: its four stores
// are vec4f to consecutive addresses across threads, free of bank conflicts. The next slice is fetched while the
// current one is used. 16 KiB of workgroup memory. Remainders such as `% 16` let the browser prove bounds.
const TILE_THREADS: u32 = 256;
const TILE: u32 = 128;
const SLICE4: u32 = 4;
alias cell_a = act4;
alias cell_w = half4;

var<workgroup> sh_a: array<vec4f, 512>; // [16 k][32 groups of 4 rows]
var<workgroup> sh_w: array<vec4f, 512>; // [16 k][32 groups of 4 columns]

// Four values from 4 * k4 of a row of the tile; zeros past the end.
fn load_a(row: u32, k4: u32) -> vec4f {
  return select(vec4f(), from_act(fetch_a(start_a(row, params.length4) + k4)), k4 < params.length4);
}

fn load_w(col: u32, k4: u32) -> vec4f {
  return select(vec4f(), from_half(fetch_w(start_w(col, params.length4) + k4)), k4 < params.length4);
}

// `subgroup` is for the variant by subgroup matrices alone.
fn tile_product(thread: u32, subgroup: u32, length4: u32) {
  let half_thread = thread % 128;
  let block = half_thread % 32;
  let quad = half_thread / 32;
  let stages_w = thread >= 128;
  let x = thread % 16;
  let y = (thread / 16) % 16;
  var low = array<vec4f, 8>();
  var high = array<vec4f, 8>();
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
    keep((r / 4) * 64 + y * 4 + r % 4, x * 4, low[r], high[r]);
  }
}
#endif
#endif
