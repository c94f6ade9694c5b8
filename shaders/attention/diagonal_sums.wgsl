// Sums of diagonals from the pieces of tail_sums, as selection keys. Diagonal j = keys - 1 - offset, as MInference
// numbers them; or bands of `pool` neighbouring offsets, band b holding offsets pool b and on.
// Reference: app/reference/verticalSlashEstimate.ts, of the whole algorithm.

struct Params {
  keys: u32,
  tail_rows: u32,
  spans: u32,
  // 1: every diagonal in order of j. More: bands of that many offsets in order of offset.
  pool: u32,
  // Entries a head, the distance of heads in `scores`, and where the first begins.
  entries: u32,
  stride: u32,
  base: u32,
  // Offsets below this are chosen first, whatever their sum (MInference: 100).
  forced_offsets: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> pieces: array<f32>;       // [head][span][128 + tail_rows]
@group(0) @binding(2) var<storage, read_write> scores: array<u32>; // base + [head][stride], bits of sums

const WORKGROUP: u32 = 64;
const SPAN: u32 = 128;
const FORCED: u32 = 0x7f800000;

fn diagonal(head: u32, j: u32) -> f32 {
  let width = SPAN + params.tail_rows;
  // Span s holds diagonals [128 s, 128 s + width - 1).
  let first = select(0u, (j - (width - 2) + SPAN - 1) / SPAN, j > width - 2);
  let last = min(j / SPAN, params.spans - 1);
  var sum = 0.0;
  for (var span = first; span <= last; span++) {
    sum += pieces[(head * params.spans + span) * width + j - span * SPAN];
  }
  return sum;
}

// Dispatch: (entries / 64, heads), one thread an entry; x is at most 16384 at 2^20 keys.
@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.entries) {
    return;
  }
  var sum = 0.0;
  var nearest = id.x * params.pool;
  if (params.pool == 1) {
    nearest = params.keys - 1 - id.x;
    sum = diagonal(id.y, id.x);
  } else {
    for (var offset = nearest; offset < min(nearest + params.pool, params.keys); offset++) {
      sum += diagonal(id.y, params.keys - 1 - offset);
    }
  }
  scores[params.base + id.y * params.stride + id.x] =
    select(bitcast<u32>(sum), FORCED, nearest < params.forced_offsets);
}
