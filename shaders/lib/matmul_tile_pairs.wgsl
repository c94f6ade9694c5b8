// matmul_tile where operands lie in 16 bits: 128 threads make a 128 x 128 tile, 8 rows by 16 columns a thread, in f32.
//
// What lies in memory is staged as it is, pairs of k: slices of 32 k as [pair][group of 4 rows], where a vec4u holds the
// pair of each of the 4 rows. So 6 reads of 16 bytes serve 256 multiply-adds, a third of what a thread's 8 x 8 of f32
// asked for, and nothing is converted or transposed on the way in. A thread fetches 16 bytes of each of 4 rows, four
// neighbours 64 bytes of a row; groups are permuted by pair (xor), so that their stores reach all banks, and a subgroup's
// threads stand 4 rows by 8 columns of groups (where it has 32), so that their reads share what they fetch.
// The next slice is fetched while this one is used, and not looked at before it is stored: whatever is done to a value right
// after its load makes a thread wait for memory. Likewise the operands of the next pair. 16 KiB of workgroup memory.
// On an H200 in TFLOP/s at 4096 x 4096 x 4096, 4096 x 896 x 4864 and gated: 41.6, 36.3 and 41.8, bounds checks on, where
// the tile of matmul_tile had 29.6, 25.5 and 30.3.
const TILE_THREADS: u32 = 128;
const TILE: u32 = 128;
// Cells of a row in a slice. A cell holds 8 values.
const SLICE_CELLS: u32 = 4;
const PAIRS: u32 = 16;
alias cell_a = vec4u;
alias cell_w = vec4u;

var<workgroup> sh_a: array<vec4u, 512>; // [16 pairs][32 groups of 4 rows, permuted]
var<workgroup> sh_w: array<vec4u, 512>; // [16 pairs][32 groups of 4 columns, permuted]

// Row r of the thread's sums: columns tile_col(thread) + 0..3 in `low[r]`, + 32 in `low_next[r]`, + 64 and + 96 in the others.
struct Sums {
  low: array<vec4f, 8>,
  low_next: array<vec4f, 8>,
  high: array<vec4f, 8>,
  high_next: array<vec4f, 8>,
}

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
fn tile_product(thread: u32, subgroup: u32, length4: u32) -> Sums {
  let cells = length4 / 2;
  let x = thread & 7;
  let y = (thread / 8) & 15;
  // What the thread stages: cell `cell` of a slice of the 4 rows of group `block`, of either operand.
  let cell = thread & 3;
  let block = (thread / 4) & 31;
  let to = cell * 128 + (block ^ (cell * 2));
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
  var sums = Sums();
  for (var at = 0u; at < cells; at += SLICE_CELLS) {
    if (at + cell >= cells) {
      got_a = array<vec4u, 4>();
      got_w = array<vec4u, 4>();
    }
    sh_a[to] = vec4u(got_a[0].x, got_a[1].x, got_a[2].x, got_a[3].x);
    sh_a[to + 32] = vec4u(got_a[0].y, got_a[1].y, got_a[2].y, got_a[3].y);
    sh_a[to + 64] = vec4u(got_a[0].z, got_a[1].z, got_a[2].z, got_a[3].z);
    sh_a[to + 96] = vec4u(got_a[0].w, got_a[1].w, got_a[2].w, got_a[3].w);
    sh_w[to] = vec4u(got_w[0].x, got_w[1].x, got_w[2].x, got_w[3].x);
    sh_w[to + 32] = vec4u(got_w[0].y, got_w[1].y, got_w[2].y, got_w[3].y);
    sh_w[to + 64] = vec4u(got_w[0].z, got_w[1].z, got_w[2].z, got_w[3].z);
    sh_w[to + 96] = vec4u(got_w[0].w, got_w[1].w, got_w[2].w, got_w[3].w);
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
      let then = (pair + 1) & 15;
      let swap = (then / 4) * 2;
      let then_a_low = sh_a[then * 32 + (y ^ swap)];
      let then_a_high = sh_a[then * 32 + ((y + 16) ^ swap)];
      let then_w_low = sh_w[then * 32 + (x ^ swap)];
      let then_w_low_next = sh_w[then * 32 + ((x + 8) ^ swap)];
      let then_w_high = sh_w[then * 32 + ((x + 16) ^ swap)];
      let then_w_high_next = sh_w[then * 32 + ((x + 24) ^ swap)];
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
      sums.low[0] += r0.x * even_low;
      sums.low_next[0] += r0.x * even_low_next;
      sums.high[0] += r0.x * even_high;
      sums.high_next[0] += r0.x * even_high_next;
      sums.low[0] += r0.y * odd_low;
      sums.low_next[0] += r0.y * odd_low_next;
      sums.high[0] += r0.y * odd_high;
      sums.high_next[0] += r0.y * odd_high_next;
      let r1 = values_of(a_low.y);
      sums.low[1] += r1.x * even_low;
      sums.low_next[1] += r1.x * even_low_next;
      sums.high[1] += r1.x * even_high;
      sums.high_next[1] += r1.x * even_high_next;
      sums.low[1] += r1.y * odd_low;
      sums.low_next[1] += r1.y * odd_low_next;
      sums.high[1] += r1.y * odd_high;
      sums.high_next[1] += r1.y * odd_high_next;
      let r2 = values_of(a_low.z);
      sums.low[2] += r2.x * even_low;
      sums.low_next[2] += r2.x * even_low_next;
      sums.high[2] += r2.x * even_high;
      sums.high_next[2] += r2.x * even_high_next;
      sums.low[2] += r2.y * odd_low;
      sums.low_next[2] += r2.y * odd_low_next;
      sums.high[2] += r2.y * odd_high;
      sums.high_next[2] += r2.y * odd_high_next;
      let r3 = values_of(a_low.w);
      sums.low[3] += r3.x * even_low;
      sums.low_next[3] += r3.x * even_low_next;
      sums.high[3] += r3.x * even_high;
      sums.high_next[3] += r3.x * even_high_next;
      sums.low[3] += r3.y * odd_low;
      sums.low_next[3] += r3.y * odd_low_next;
      sums.high[3] += r3.y * odd_high;
      sums.high_next[3] += r3.y * odd_high_next;
      let r4 = values_of(a_high.x);
      sums.low[4] += r4.x * even_low;
      sums.low_next[4] += r4.x * even_low_next;
      sums.high[4] += r4.x * even_high;
      sums.high_next[4] += r4.x * even_high_next;
      sums.low[4] += r4.y * odd_low;
      sums.low_next[4] += r4.y * odd_low_next;
      sums.high[4] += r4.y * odd_high;
      sums.high_next[4] += r4.y * odd_high_next;
      let r5 = values_of(a_high.y);
      sums.low[5] += r5.x * even_low;
      sums.low_next[5] += r5.x * even_low_next;
      sums.high[5] += r5.x * even_high;
      sums.high_next[5] += r5.x * even_high_next;
      sums.low[5] += r5.y * odd_low;
      sums.low_next[5] += r5.y * odd_low_next;
      sums.high[5] += r5.y * odd_high;
      sums.high_next[5] += r5.y * odd_high_next;
      let r6 = values_of(a_high.z);
      sums.low[6] += r6.x * even_low;
      sums.low_next[6] += r6.x * even_low_next;
      sums.high[6] += r6.x * even_high;
      sums.high_next[6] += r6.x * even_high_next;
      sums.low[6] += r6.y * odd_low;
      sums.low_next[6] += r6.y * odd_low_next;
      sums.high[6] += r6.y * odd_high;
      sums.high_next[6] += r6.y * odd_high_next;
      let r7 = values_of(a_high.w);
      sums.low[7] += r7.x * even_low;
      sums.low_next[7] += r7.x * even_low_next;
      sums.high[7] += r7.x * even_high;
      sums.high_next[7] += r7.x * even_high_next;
      sums.low[7] += r7.y * odd_low;
      sums.low_next[7] += r7.y * odd_low_next;
      sums.high[7] += r7.y * odd_high;
      sums.high_next[7] += r7.y * odd_high_next;
      a_low = then_a_low;
      a_high = then_a_high;
      w_low = then_w_low;
      w_low_next = then_w_low_next;
      w_high = then_w_high;
      w_high_next = then_w_high_next;
    }
    workgroupBarrier();
  }
  return sums;
}
