// Second pass of the estimate where the first kept its exponents: the softmax of the last queries, summed by column and
// by band of 64 offsets (MInference, arXiv 2407.02490, algorithm 2). A workgroup owns the columns of its span; of each band
// that crosses the span it has one piece, which band_sums adds to the neighbour's. Sums are the same in every run.
// Reference: app/reference/verticalSlashEstimate.ts, of the whole algorithm.

struct Params {
  keys: u32,
  // At most 64.
  tail_rows: u32,
  spans: u32,
  // Distance of heads in column_scores.
  column_stride: u32,
  // Columns below this are chosen first, whatever their sum.
  forced_columns: u32,
  // Columns outside [open_from, open_to) are chosen last: every row that sees them has them in a forced tile.
  open_from: u32,
  open_to: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> weights: array<vec4u>;  // [head][span][key of span][8], pairs of halves
@group(0) @binding(2) var<storage, read> partials: array<vec2f>; // [head][tail_rows][spans]: largest, sum
@group(0) @binding(3) var<storage, read> stats: array<vec2f>;    // [head][tail_rows]: largest, 1 / sum
// Column sums as bits: those of a float that is not negative have its order. [head][column_stride]
@group(0) @binding(4) var<storage, read_write> column_scores: array<u32>;
@group(0) @binding(5) var<storage, read_write> pieces: array<f32>; // [head][span][4], the farthest band first

const FORCED: u32 = 0x7f800000; // above every finite float
const SPAN: u32 = 128;
const ROWS: u32 = 64;
const BANDS: u32 = 4; // 64 rows and 128 keys reach over 191 offsets

var<workgroup> sh_factor: array<f32, ROWS>;
var<workgroup> sh_band: array<array<f32, SPAN>, BANDS>;

// Dispatch: (span, head), one thread a key.
@compute @workgroup_size(SPAN)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let span = group.x;
  if (thread < ROWS) {
    var factor = 0.0;
    if (thread < params.tail_rows) {
      let row = group.y * params.tail_rows + thread;
      let stat = stats[row];
      // A span that the row does not see has nothing but zeros.
      factor = exp2(min(partials[row * params.spans + span].x - stat.x, 0.0)) * stat.y;
    }
    sh_factor[thread] = factor;
  }
  workgroupBarrier();

  // Row r and this key are `distance + r - SPAN` apart: distance is never negative, as the last row is the last key's.
  let key = span * SPAN + thread;
  let farthest = params.keys - params.tail_rows + 2 * SPAN; // of row 0 and key 0, and SPAN more
  let distance = farthest - min(key, params.keys + SPAN) - SPAN;
  // Rows from here on lie in the next band.
  let turn = 64 - distance % 64;
  var near = 0.0;
  var far = 0.0;
  let first = ((group.y * params.spans + span) * SPAN + thread) * 8;
  for (var i = 0u; i < 8; i++) {
    let packed = weights[first + i];
    for (var j = 0u; j < 4; j++) {
      let row = i * 8 + j * 2;
      let pair = unpack2x16float(packed[j]) * vec2f(sh_factor[row], sh_factor[row + 1]);
      near += select(0.0, pair.x, row < turn) + select(0.0, pair.y, row + 1 < turn);
      far += select(pair.x, 0.0, row < turn) + select(pair.y, 0.0, row + 1 < turn);
    }
  }
  if (key < params.keys) {
    var bits = bitcast<u32>(near + far);
    if (key < params.forced_columns) {
      bits = FORCED;
    } else if (key < params.open_from || key >= params.open_to) {
      bits = 0;
    }
    column_scores[group.y * params.column_stride + key] = bits;
  }

  // The span's farthest band is that of its first key and row 63.
  let top = (farthest - span * SPAN - SPAN + 63) / 64;
  let slot = top - min(distance / 64, top);
  for (var i = 0u; i < BANDS; i++) {
    sh_band[i][thread] = select(0.0, near, i == slot) + select(0.0, far, i + 1 == slot);
  }
  workgroupBarrier();
  for (var stride = SPAN / 2; stride > 0; stride /= 2) {
    if (thread < stride) {
      for (var i = 0u; i < BANDS; i++) {
        sh_band[i][thread] += sh_band[i][thread + stride];
      }
    }
    workgroupBarrier();
  }
  if (thread < BANDS) {
    pieces[(group.y * params.spans + span) * BANDS + thread] = sh_band[thread][0];
  }
}
