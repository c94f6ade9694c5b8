// The tile of a matrix product A W^T, both operands [row][k] with k innermost: 64 threads make a 64 x 64 tile,
// 8 rows by 8 columns a thread, in f32. The importer declares
//   fn load_a(row: u32, k4: u32) -> vec4f   row 0..63 of the tile, four values from 4 * k4; zeros past the end
//   fn load_w(col: u32, k4: u32) -> vec4f   likewise for the rows of W, the columns of the tile
//
// Slices of 16 k are staged transposed, [k][row], so that the inner loop is 4 vec4f reads per 64 multiply-adds.
// Each thread transposes one 4 x 4 block of each operand in registers: its four stores are vec4f to consecutive
// addresses across threads, free of bank conflicts. The next slice is fetched while the current one is used.
const TILE_THREADS: u32 = 64;
const TILE: u32 = 64;
const SLICE4: u32 = 4;

var<workgroup> sh_a: array<vec4f, 256>; // [16 k][16 groups of 4 rows]
var<workgroup> sh_w: array<vec4f, 256>; // [16 k][16 groups of 4 columns]

// Row r of the thread's sums: columns thread_x * 4 + 0..3 in `low[r]`, the same + 32 in `high[r]`.
// Rows are thread_y * 4 + r for r < 4, and 32 + thread_y * 4 + r - 4 for the rest.
struct Sums {
  low: array<vec4f, 8>,
  high: array<vec4f, 8>,
}

fn tile_row(thread: u32, r: u32) -> u32 {
  return (r / 4) * 32 + (thread / 8) * 4 + r % 4;
}

fn tile_product(thread: u32, length4: u32) -> Sums {
  let block = thread % 16;
  let quad = thread / 16;
  let x = thread % 8;
  let y = thread / 8;
  var sums = Sums();

  var a = array<vec4f, 4>(
    load_a(block * 4, quad), load_a(block * 4 + 1, quad), load_a(block * 4 + 2, quad), load_a(block * 4 + 3, quad));
  var w = array<vec4f, 4>(
    load_w(block * 4, quad), load_w(block * 4 + 1, quad), load_w(block * 4 + 2, quad), load_w(block * 4 + 3, quad));

  for (var k4 = 0u; k4 < length4; k4 += SLICE4) {
    let at = quad * 64 + block;
    sh_a[at] = vec4f(a[0].x, a[1].x, a[2].x, a[3].x);
    sh_a[at + 16] = vec4f(a[0].y, a[1].y, a[2].y, a[3].y);
    sh_a[at + 32] = vec4f(a[0].z, a[1].z, a[2].z, a[3].z);
    sh_a[at + 48] = vec4f(a[0].w, a[1].w, a[2].w, a[3].w);
    sh_w[at] = vec4f(w[0].x, w[1].x, w[2].x, w[3].x);
    sh_w[at + 16] = vec4f(w[0].y, w[1].y, w[2].y, w[3].y);
    sh_w[at + 32] = vec4f(w[0].z, w[1].z, w[2].z, w[3].z);
    sh_w[at + 48] = vec4f(w[0].w, w[1].w, w[2].w, w[3].w);
    workgroupBarrier();

    let next = k4 + SLICE4 + quad;
    if (k4 + SLICE4 < length4) {
      a = array<vec4f, 4>(
        load_a(block * 4, next), load_a(block * 4 + 1, next), load_a(block * 4 + 2, next), load_a(block * 4 + 3, next));
      w = array<vec4f, 4>(
        load_w(block * 4, next), load_w(block * 4 + 1, next), load_w(block * 4 + 2, next), load_w(block * 4 + 3, next));
    }

    for (var k = 0u; k < 16; k++) {
      let a_low = sh_a[k * 16 + y];
      let a_high = sh_a[k * 16 + 8 + y];
      let w_low = sh_w[k * 16 + x];
      let w_high = sh_w[k * 16 + 8 + x];
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
