// matmul_tile where operands lie in 16 bits: 128 threads make a 128 x 128 tile, 8 rows by 16 columns a thread, in f32.
//
// What lies in memory is staged as it is, pairs of k: slices of 32 k as [pair][group of 4 rows], where a vec4u holds the
// pair of each of the 4 rows. So 6 reads of 16 bytes serve 256 multiply-adds, a third of what a thread's 8 x 8 of f32
// asked for, and nothing is converted or transposed on the way in. A thread fetches 16 bytes of each of 4 rows, four
// neighbours 64 bytes of a row; groups are turned by cell within their 8 or 16, so that their stores reach all banks, and a
// subgroup's threads stand 4 rows by 8 columns of groups (where it has 32), so that their reads share what they fetch.
// All reads of a pair lie at constant distances from one index an operand, which the browser can prove (shaders/README.md).
// The next slice is fetched while this one is used, and not looked at before it is stored: whatever is done to a value right
// after its load makes a thread wait for memory. Likewise the operands of the next pair. 16 KiB of workgroup memory.
//
// Sums are variables of their own and all is written out: what looks like the same to a reader is not to NVIDIA's compiler.
// On an H200 at 4096 x 4096 x 4096 this text has 40.4 TFLOP/s; with sums in arrays that a function returns 38.7; with groups
// permuted by xor too 37.3; with sums in matrices, or the statements in another order, 14 to 34. A change here must be timed.
const TILE_THREADS: u32 = 128;
const TILE: u32 = 128;
// Cells of a row in a slice. A cell holds 8 values.
const SLICE_CELLS: u32 = 4;
const PAIRS: u32 = 16;
alias cell_a = vec4u;
alias cell_w = vec4u;

var<workgroup> sh_a: array<vec4u, 512>; // [16 pairs][32 groups of 4 rows, turned]
var<workgroup> sh_w: array<vec4u, 512>; // [16 pairs][32 groups of 4 columns, turned]

fn tile_row(thread: u32, r: u32) -> u32 {
  return (r / 4) * 64 + (thread / 8) * 4 + r % 4;
}

fn tile_col(thread: u32) -> u32 {
  return (thread % 8) * 4;
}

fn values_of(pair: u32) -> vec2f {
  return vec2f(bitcast<vec2<f16>>(pair));
}

// `subgroup` is for the variant by subgroup matrices alone. `length4` is even.
fn tile_product(thread: u32, subgroup: u32, length4: u32) {
  let cells = length4 / 2;
  let x = thread % 8;
  let y = (thread / 8) % 16;
  // What the thread stages: cell `cell` of a slice of the 4 rows of group `block`, of either operand.
  let cell = thread % 4;
  let block = (thread / 4) % 32;
  let to_a = cell * 128 + block / 16 * 16 + (block + cell * 2) % 16;
  let to_w = cell * 128 + block / 8 * 8 + (block + cell * 2) % 8;
  let a_0 = start_a(block * 4, cells) + cell;
  let a_1 = start_a(block * 4 + 1, cells) + cell;
  let a_2 = start_a(block * 4 + 2, cells) + cell;
  let a_3 = start_a(block * 4 + 3, cells) + cell;
  let w_0 = start_w(block * 4, cells) + cell;
  let w_1 = start_w(block * 4 + 1, cells) + cell;
  let w_2 = start_w(block * 4 + 2, cells) + cell;
  let w_3 = start_w(block * 4 + 3, cells) + cell;
  var got_a = array<vec4u, 4>(fetch_a(a_0), fetch_a(a_1), fetch_a(a_2), fetch_a(a_3));
  var got_w = array<vec4u, 4>(fetch_w(w_0), fetch_w(w_1), fetch_w(w_2), fetch_w(w_3));
  var low_0 = vec4f();
  var low_next_0 = vec4f();
  var high_0 = vec4f();
  var high_next_0 = vec4f();
  var low_1 = vec4f();
  var low_next_1 = vec4f();
  var high_1 = vec4f();
  var high_next_1 = vec4f();
  var low_2 = vec4f();
  var low_next_2 = vec4f();
  var high_2 = vec4f();
  var high_next_2 = vec4f();
  var low_3 = vec4f();
  var low_next_3 = vec4f();
  var high_3 = vec4f();
  var high_next_3 = vec4f();
  var low_4 = vec4f();
  var low_next_4 = vec4f();
  var high_4 = vec4f();
  var high_next_4 = vec4f();
  var low_5 = vec4f();
  var low_next_5 = vec4f();
  var high_5 = vec4f();
  var high_next_5 = vec4f();
  var low_6 = vec4f();
  var low_next_6 = vec4f();
  var high_6 = vec4f();
  var high_next_6 = vec4f();
  var low_7 = vec4f();
  var low_next_7 = vec4f();
  var high_7 = vec4f();
  var high_next_7 = vec4f();
  for (var at = 0u; at < cells; at += SLICE_CELLS) {
    if (at + cell >= cells) {
      got_a = array<vec4u, 4>();
      got_w = array<vec4u, 4>();
    }
    sh_a[to_a] = vec4u(got_a[0].x, got_a[1].x, got_a[2].x, got_a[3].x);
    sh_a[to_a + 32] = vec4u(got_a[0].y, got_a[1].y, got_a[2].y, got_a[3].y);
    sh_a[to_a + 64] = vec4u(got_a[0].z, got_a[1].z, got_a[2].z, got_a[3].z);
    sh_a[to_a + 96] = vec4u(got_a[0].w, got_a[1].w, got_a[2].w, got_a[3].w);
    sh_w[to_w] = vec4u(got_w[0].x, got_w[1].x, got_w[2].x, got_w[3].x);
    sh_w[to_w + 32] = vec4u(got_w[0].y, got_w[1].y, got_w[2].y, got_w[3].y);
    sh_w[to_w + 64] = vec4u(got_w[0].z, got_w[1].z, got_w[2].z, got_w[3].z);
    sh_w[to_w + 96] = vec4u(got_w[0].w, got_w[1].w, got_w[2].w, got_w[3].w);
    workgroupBarrier();
    let next = at + SLICE_CELLS;
    if (next < cells) {
      got_a = array<vec4u, 4>(fetch_a(a_0 + next), fetch_a(a_1 + next), fetch_a(a_2 + next), fetch_a(a_3 + next));
      got_w = array<vec4u, 4>(fetch_w(w_0 + next), fetch_w(w_1 + next), fetch_w(w_2 + next), fetch_w(w_3 + next));
    }
    var a_low = sh_a[y];
    var a_high = sh_a[y + 16];
    var w_low = sh_w[x];
    var w_low_next = sh_w[x + 8];
    var w_high = sh_w[x + 16];
    var w_high_next = sh_w[x + 24];
    for (var pair = 0u; pair < PAIRS; pair++) {
      // The last pair fetches the first one once more, which nothing uses.
      let then = (pair + 1) % 16;
      let at_a = then * 32 + (y + then / 4 * 2) % 16;
      let at_w = then * 32 + (x + then / 4 * 2) % 8;
      let then_a_low = sh_a[at_a];
      let then_a_high = sh_a[at_a + 16];
      let then_w_low = sh_w[at_w];
      let then_w_low_next = sh_w[at_w + 8];
      let then_w_high = sh_w[at_w + 16];
      let then_w_high_next = sh_w[at_w + 24];
      let c0 = values_of(w_low.x);
      let c1 = values_of(w_low.y);
      let c2 = values_of(w_low.z);
      let c3 = values_of(w_low.w);
      let c4 = values_of(w_low_next.x);
      let c5 = values_of(w_low_next.y);
      let c6 = values_of(w_low_next.z);
      let c7 = values_of(w_low_next.w);
      let c8 = values_of(w_high.x);
      let c9 = values_of(w_high.y);
      let c10 = values_of(w_high.z);
      let c11 = values_of(w_high.w);
      let c12 = values_of(w_high_next.x);
      let c13 = values_of(w_high_next.y);
      let c14 = values_of(w_high_next.z);
      let c15 = values_of(w_high_next.w);
      let even_low = vec4f(c0.x, c1.x, c2.x, c3.x);
      let odd_low = vec4f(c0.y, c1.y, c2.y, c3.y);
      let even_low_next = vec4f(c4.x, c5.x, c6.x, c7.x);
      let odd_low_next = vec4f(c4.y, c5.y, c6.y, c7.y);
      let even_high = vec4f(c8.x, c9.x, c10.x, c11.x);
      let odd_high = vec4f(c8.y, c9.y, c10.y, c11.y);
      let even_high_next = vec4f(c12.x, c13.x, c14.x, c15.x);
      let odd_high_next = vec4f(c12.y, c13.y, c14.y, c15.y);
      let r0 = values_of(a_low.x);
      low_0 += r0.x * even_low;
      low_next_0 += r0.x * even_low_next;
      high_0 += r0.x * even_high;
      high_next_0 += r0.x * even_high_next;
      low_0 += r0.y * odd_low;
      low_next_0 += r0.y * odd_low_next;
      high_0 += r0.y * odd_high;
      high_next_0 += r0.y * odd_high_next;
      let r1 = values_of(a_low.y);
      low_1 += r1.x * even_low;
      low_next_1 += r1.x * even_low_next;
      high_1 += r1.x * even_high;
      high_next_1 += r1.x * even_high_next;
      low_1 += r1.y * odd_low;
      low_next_1 += r1.y * odd_low_next;
      high_1 += r1.y * odd_high;
      high_next_1 += r1.y * odd_high_next;
      let r2 = values_of(a_low.z);
      low_2 += r2.x * even_low;
      low_next_2 += r2.x * even_low_next;
      high_2 += r2.x * even_high;
      high_next_2 += r2.x * even_high_next;
      low_2 += r2.y * odd_low;
      low_next_2 += r2.y * odd_low_next;
      high_2 += r2.y * odd_high;
      high_next_2 += r2.y * odd_high_next;
      let r3 = values_of(a_low.w);
      low_3 += r3.x * even_low;
      low_next_3 += r3.x * even_low_next;
      high_3 += r3.x * even_high;
      high_next_3 += r3.x * even_high_next;
      low_3 += r3.y * odd_low;
      low_next_3 += r3.y * odd_low_next;
      high_3 += r3.y * odd_high;
      high_next_3 += r3.y * odd_high_next;
      let r4 = values_of(a_high.x);
      low_4 += r4.x * even_low;
      low_next_4 += r4.x * even_low_next;
      high_4 += r4.x * even_high;
      high_next_4 += r4.x * even_high_next;
      low_4 += r4.y * odd_low;
      low_next_4 += r4.y * odd_low_next;
      high_4 += r4.y * odd_high;
      high_next_4 += r4.y * odd_high_next;
      let r5 = values_of(a_high.y);
      low_5 += r5.x * even_low;
      low_next_5 += r5.x * even_low_next;
      high_5 += r5.x * even_high;
      high_next_5 += r5.x * even_high_next;
      low_5 += r5.y * odd_low;
      low_next_5 += r5.y * odd_low_next;
      high_5 += r5.y * odd_high;
      high_next_5 += r5.y * odd_high_next;
      let r6 = values_of(a_high.z);
      low_6 += r6.x * even_low;
      low_next_6 += r6.x * even_low_next;
      high_6 += r6.x * even_high;
      high_next_6 += r6.x * even_high_next;
      low_6 += r6.y * odd_low;
      low_next_6 += r6.y * odd_low_next;
      high_6 += r6.y * odd_high;
      high_next_6 += r6.y * odd_high_next;
      let r7 = values_of(a_high.w);
      low_7 += r7.x * even_low;
      low_next_7 += r7.x * even_low_next;
      high_7 += r7.x * even_high;
      high_next_7 += r7.x * even_high_next;
      low_7 += r7.y * odd_low;
      low_next_7 += r7.y * odd_low_next;
      high_7 += r7.y * odd_high;
      high_next_7 += r7.y * odd_high_next;
      a_low = then_a_low;
      a_high = then_a_high;
      w_low = then_w_low;
      w_low_next = then_w_low_next;
      w_high = then_w_high;
      w_high_next = then_w_high_next;
    }
    workgroupBarrier();
  }
  keep_row(row_base + tile_row(thread, 0), col_base + tile_col(thread), low_0, low_next_0, high_0, high_next_0);
  keep_row(row_base + tile_row(thread, 1), col_base + tile_col(thread), low_1, low_next_1, high_1, high_next_1);
  keep_row(row_base + tile_row(thread, 2), col_base + tile_col(thread), low_2, low_next_2, high_2, high_next_2);
  keep_row(row_base + tile_row(thread, 3), col_base + tile_col(thread), low_3, low_next_3, high_3, high_next_3);
  keep_row(row_base + tile_row(thread, 4), col_base + tile_col(thread), low_4, low_next_4, high_4, high_next_4);
  keep_row(row_base + tile_row(thread, 5), col_base + tile_col(thread), low_5, low_next_5, high_5, high_next_5);
  keep_row(row_base + tile_row(thread, 6), col_base + tile_col(thread), low_6, low_next_6, high_6, high_next_6);
  keep_row(row_base + tile_row(thread, 7), col_base + tile_col(thread), low_7, low_next_7, high_7, high_next_7);
}
