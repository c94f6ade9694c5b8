// Dot products of one vector with rows of a weight matrix: 64 threads share 4 rows, 16 threads a row, in f32.
// The importer declares `fn load_pair(row: u32, k4: u32) -> f32`: the dot product of four values of row and vector.
const MATVEC_THREADS: u32 = 64;
const MATVEC_ROWS: u32 = 4;

var<workgroup> sh_partial: array<f32, MATVEC_THREADS>;

// The sum over k of row `row`, given to the first of the row's 16 threads; the others get garbage.
fn row_dot(thread: u32, row: u32, length4: u32) -> f32 {
  let lane = thread % 16;
  var sum = 0.0;
  for (var k4 = lane; k4 < length4; k4 += 16) {
    sum += load_pair(row, k4);
  }
  sh_partial[thread] = sum;
  workgroupBarrier();
  for (var stride = 8u; stride > 0; stride /= 2) {
    if (lane < stride) {
      sh_partial[thread] += sh_partial[thread + stride];
    }
    workgroupBarrier();
  }
  return sh_partial[thread];
}
