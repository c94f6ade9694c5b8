// Sums of bands of 64 offsets from the pieces of tail_bands, as selection keys.
// Reference: app/reference/verticalSlashEstimate.ts, of the whole algorithm.

struct Params {
  keys: u32,
  tail_rows: u32,
  spans: u32,
  // Bands of a head, and where the first begins in `scores`.
  entries: u32,
  base: u32,
  // Offsets below this are chosen first, whatever their sum.
  forced_offsets: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> pieces: array<f32>;        // [head][span][4], the farthest band first
@group(0) @binding(2) var<storage, read_write> scores: array<u32>; // base + [head][entries], bits of sums

const WORKGROUP: u32 = 64;
const FORCED: u32 = 0x7f800000;

// Dispatch: (bands / 64, heads), one thread a band.
@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let band = id.x;
  if (band >= params.entries) {
    return;
  }
  // The farthest band of span s is farthest - 2 s: this band is the first or second of one span, and two places later of
  // the span before.
  let farthest = (params.keys - params.tail_rows + 63) / 64;
  let behind = farthest - min(band, farthest);
  let span = behind / 2;
  var sum = 0.0;
  if (span < params.spans) {
    sum = pieces[(id.y * params.spans + span) * 4 + behind % 2];
  }
  if (span > 0 && span - 1 < params.spans) {
    sum += pieces[(id.y * params.spans + span - 1) * 4 + 2 + behind % 2];
  }
  scores[params.base + id.y * params.entries + band] =
    select(bitcast<u32>(sum), FORCED, band * 64 < params.forced_offsets);
}
