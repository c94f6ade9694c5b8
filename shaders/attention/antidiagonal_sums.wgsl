// The softmax of XAttention's strided rows (see antidiagonal_scores), summed by blocks of 128 rows and 128 keys.
// Reference: app/reference/xattention.ts, of the whole algorithm.

struct Params {
  // Unit of workgroup row 0, and units of a head; a unit is 64 strided rows.
  first_unit: u32,
  row_tiles: u32,
  stride: u32,
  rows: u32,
  row_position: u32,
  // Groups of 8 strided keys, and blocks of 128 keys: the widths of `scores` and `sums`.
  groups: u32,
  blocks: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scores: array<f32>;      // [unit - first_unit][64][groups]
@group(0) @binding(2) var<storage, read_write> sums: array<f32>; // [unit - first_unit][stride / 2][blocks]

const WORKGROUP: u32 = 256;
const LOWEST: f32 = -1e30;

var<workgroup> sh_part: array<vec2f, WORKGROUP>; // largest, sum of exp(score - largest)
var<workgroup> sh_row: array<f32, 16>;           // log(sum(exp)) of each strided row

fn joined(a: vec2f, b: vec2f) -> vec2f {
  let largest = max(a.x, b.x);
  return vec2f(largest, a.y * exp(a.x - largest) + b.y * exp(b.x - largest));
}

// Groups that hold a causal strided key of the row.
fn visible(row: u32) -> u32 {
  return (params.row_position + row * params.stride) / params.stride / 8 + 1;
}

// Dispatch: (128 rows of a unit, unit).
@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let unit = params.first_unit + group.y;
  let strided = 128 / params.stride; // strided rows of a block
  let first = unit % params.row_tiles * 64 + group.x * strided;
  if (first * params.stride >= params.rows) {
    return;
  }
  let live = min(strided, (params.rows + params.stride - 1) / params.stride - first);
  let base = (group.y * 64 + group.x * strided) * params.groups;

  let threads = WORKGROUP / strided; // that share a row
  let row = thread / threads;
  var part = vec2f(LOWEST, 0.0);
  if (row < live) {
    for (var i = thread % threads; i < visible(first + row); i += threads) {
      part = joined(part, vec2f(scores[base + row * params.groups + i], 1.0));
    }
  }
  sh_part[thread] = part;
  workgroupBarrier();
  if (thread < live) {
    var whole = vec2f(LOWEST, 0.0);
    for (var i = 0u; i < threads; i++) {
      whole = joined(whole, sh_part[thread * threads + i]);
    }
    sh_row[thread] = whole.x + log(whole.y);
  }
  workgroupBarrier();

  let end = min(params.row_position + (first + strided) * params.stride, params.row_position + params.rows);
  let per_block = strided / 8; // groups of a block
  for (var block = thread; block < (end + 127) / 128; block += WORKGROUP) {
    var sum = 0.0;
    for (var r = 0u; r < live; r++) {
      let limit = min((block + 1) * per_block, visible(first + r));
      for (var i = block * per_block; i < limit; i++) {
        sum += exp(min(0.0, scores[base + r * params.groups + i] - sh_row[r]));
      }
    }
    sums[(group.y * params.stride / 2 + group.x) * params.blocks + block] = sum;
  }
}
