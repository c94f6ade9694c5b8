// Second pass of the estimate: the softmax of the last queries, summed by column and by diagonal (MInference,
// arXiv 2407.02490, algorithm 2). A workgroup owns the columns of its span; of each diagonal it has one piece, which
// diagonal_sums adds to its neighbours'. No float atomics: sums are the same in every run.
// Reference: app/reference/verticalSlashEstimate.ts, of the whole algorithm.
#import tail_tile

struct Params {
  keys: u32,
  tail_rows: u32,
  first_span: u32,
  spans: u32,
  head_base: u32,
  kv_head_base: u32,
  group: u32,
  dim4: u32,
  key_stride: u32,
  // Times log2(e).
  scale: f32,
  // Distance of heads in column_scores.
  column_stride: u32,
  // Columns below this are chosen first, whatever their sum (MInference: 30).
  forced_columns: u32,
  // Columns outside [open_from, open_to) are chosen last: every row that sees them has them in a forced tile.
  open_from: u32,
  open_to: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> tail: array<half4>;  // [head][tail_rows][dim4]
@group(0) @binding(2) var<storage, read> k: array<half4>;     // [kv head][key_stride][dim4]
@group(0) @binding(3) var<storage, read> stats: array<vec2f>; // [head - head_base][tail_rows]: largest, 1 / sum
// Column sums as bits: those of a float that is not negative have its order. [head - head_base][column_stride]
@group(0) @binding(4) var<storage, read_write> column_scores: array<u32>;
// Piece j - 128 span of diagonal j = key - row + tail_rows - 1: [head - head_base][span][128 + tail_rows]
@group(0) @binding(5) var<storage, read_write> pieces: array<f32>;

const FORCED: u32 = 0x7f800000; // above every finite float

var<workgroup> sh_red: array<f32, 1024>; // [rows8][key]
// Sum of tile diagonal `g` (key - query + 63) over the threads' blocks: the one of rows8 y and keys8 x holds 15 diagonals,
// of which number l is diagonal 8 (x - y) + l + 56 of the tile, in four places of sh_k from 4 * (16 y + x) on.
fn tile_diagonal(g: u32) -> f32 {
  var sum = 0.0;
  for (var y = 0u; y < 8; y++) {
    for (var part = 0u; part < 2; part++) {
      // x = y + floor((g - 56) / 8) - part, l = (g - 56) mod 8 + 8 part, free of negative numbers.
      let x = y + g / 8 - part;
      let l = g % 8 + 8 * part;
      if (x >= 7 && x < 23 && l < 15) {
        let slot = y * 16 + x - 7;
        sum += sh_k[slot / 8][(slot % 8) * 4 + l / 4][l % 4];
      }
    }
  }
  return sum;
}

// Dispatch: (span, head); a workgroup takes all rows of the tail, 64 at a time.
@compute @workgroup_size(TILE_THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let span = params.first_span + group.x;
  take_head(params.head_base + group.y);
  let row8 = rows8_of(thread);
  let key8 = keys8_of(thread);
  let slot = row8 * 16 + key8;
  let first_key = span * TILE_KEYS;
  let width = TILE_KEYS + params.tail_rows;
  let piece_base = (group.y * params.spans + span) * width;

  for (var i = thread; i < width; i += TILE_THREADS) {
    pieces[piece_base + i] = 0.0;
  }
  storageBarrier();

  var columns = array<f32, 8>();
  for (var first_row = 0u; first_row < params.tail_rows; first_row += TILE_ROWS) {
    let scores = tail_scores(first_row, first_key, thread);
    var diagonals = array<f32, 16>();
    for (var r = 0u; r < 8; r++) {
      let row = first_row + row8 * 8 + r;
      let live_row = row < params.tail_rows;
      let limit = select(0u, params.keys - params.tail_rows + row + 1, live_row);
      let stat = stats[select(0u, group.y * params.tail_rows + row, live_row)];
      for (var c = 0u; c < 8; c++) {
        let live = first_key + key8 * 8 + c < limit;
        // The score of the statistics, to the bit: p stays at or below 1.
        let score = scores[2 * r + c / 4][c % 4];
        let p = select(0.0, exp2(min(score - stat.x, 0.0)) * stat.y, live);
        columns[c] += p;
        diagonals[c + 7 - r] += p;
      }
    }
    for (var i = 0u; i < 4; i++) {
      sh_k[slot / 8][(slot % 8) * 4 + i] =
        vec4f(diagonals[4 * i], diagonals[4 * i + 1], diagonals[4 * i + 2], diagonals[4 * i + 3]);
    }
    workgroupBarrier();
    for (var g = thread; g < TILE_KEYS + TILE_ROWS - 1; g += TILE_THREADS) {
      // Below zero only where all queries of the diagonal lie beyond the tail.
      let piece = i32(g + params.tail_rows) - i32(first_row + TILE_ROWS);
      if (piece >= 0) {
        pieces[piece_base + u32(piece)] += tile_diagonal(g);
      }
    }
    storageBarrier();
    workgroupBarrier();
  }

  for (var c = 0u; c < 8; c++) {
    sh_red[row8 * TILE_KEYS + key8 * 8 + c] = columns[c];
  }
  workgroupBarrier();
  let key = first_key + thread;
  if (key < params.keys) {
    var sum = 0.0;
    for (var y = 0u; y < 8; y++) {
      sum += sh_red[y * TILE_KEYS + thread];
    }
    var bits = bitcast<u32>(sum);
    if (key < params.forced_columns) {
      bits = FORCED;
    } else if (key < params.open_from || key >= params.open_to) {
      bits = 0;
    }
    column_scores[group.y * params.column_stride + key] = bits;
  }
}
