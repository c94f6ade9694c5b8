// The softmax of XAttention's strided rows (see antidiagonal_scores), summed by blocks of 128 rows and 128 keys.
// Rounded to f16 where the original rounds: the weights, their sums over the keys of a block, and the sums of these over
// its rows. The latter are whole multiples of 2^-24 and are written as such: adding them is exact then.
// Reference: app/reference/xattention.ts, of the whole algorithm.
#import round_half

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
@group(0) @binding(1) var<storage, read> scores: array<vec4u>;    // [unit - first_unit][64][groups], halves in pairs
@group(0) @binding(2) var<storage, read_write> sums: array<u32>; // [unit - first_unit][stride / 2][blocks], 24 bits after the point

const WORKGROUP: u32 = 256;
const LOWEST: f32 = -1e30;

var<workgroup> sh_part: array<vec2f, WORKGROUP>; // largest, sum of exp(score - largest)
var<workgroup> sh_row: array<vec2f, 16>;         // the same of each strided row

fn joined(a: vec2f, b: vec2f) -> vec2f {
  let largest = max(a.x, b.x);
  return vec2f(largest, a.y * exp(a.x - largest) + b.y * exp(b.x - largest));
}

// The last causal strided key of a strided row.
fn last_key(row: u32) -> u32 {
  return (params.row_position + row * params.stride) / params.stride;
}

// exp(score - largest) of the group's keys up to `limit`, the last causal one; zero for the others.
fn terms(packed: vec4u, group: u32, limit: u32, largest: f32) -> array<vec4f, 2> {
  let low = vec4f(unpack2x16float(packed.x), unpack2x16float(packed.y)) - largest;
  let high = vec4f(unpack2x16float(packed.z), unpack2x16float(packed.w)) - largest;
  let keys = vec4u(0, 1, 2, 3) + group * 8;
  return array<vec4f, 2>(
    select(vec4f(), exp(min(vec4f(), low)), keys <= vec4u(limit)),
    select(vec4f(), exp(min(vec4f(), high)), keys + 4 <= vec4u(limit)),
  );
}

// Of the group's keys up to `limit`.
fn largest_of(packed: vec4u, group: u32, limit: u32) -> f32 {
  let low = vec4f(unpack2x16float(packed.x), unpack2x16float(packed.y));
  let high = vec4f(unpack2x16float(packed.z), unpack2x16float(packed.w));
  let keys = vec4u(0, 1, 2, 3) + group * 8;
  let both = max(
    select(vec4f(LOWEST), low, keys <= vec4u(limit)),
    select(vec4f(LOWEST), high, keys + 4 <= vec4u(limit)),
  );
  return max(max(both.x, both.y), max(both.z, both.w));
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
    let limit = last_key(first + row);
    for (var i = thread % threads; i <= limit / 8; i += threads) {
      let packed = scores[base + row * params.groups + i];
      let largest = largest_of(packed, i, limit);
      let each = terms(packed, i, limit, largest);
      part = joined(part, vec2f(largest, dot(each[0] + each[1], vec4f(1.0))));
    }
  }
  sh_part[thread] = part;
  workgroupBarrier();
  if (thread < live) {
    var whole = vec2f(LOWEST, 0.0);
    for (var i = 0u; i < threads; i++) {
      whole = joined(whole, sh_part[thread * threads + i]);
    }
    sh_row[thread] = whole;
  }
  workgroupBarrier();

  let end = min(params.row_position + (first + strided) * params.stride, params.row_position + params.rows);
  let per_block = strided / 8; // groups of a block
  for (var block = thread; block < (end + 127) / 128; block += WORKGROUP) {
    var sum = 0.0;
    for (var r = 0u; r < live; r++) {
      let limit = last_key(first + r);
      let whole = sh_row[r];
      var of_row = vec4f();
      for (var i = block * per_block; i < (block + 1) * per_block && i <= limit / 8; i++) {
        let each = terms(scores[base + r * params.groups + i], i, limit, whole.x);
        of_row += round_half(each[0] / whole.y) + round_half(each[1] / whole.y);
      }
      sum += round_half(vec4f(dot(of_row, vec4f(1.0)))).x;
    }
    let place = (group.y * params.stride / 2 + group.x) * params.blocks + block;
    sums[place] = u32(round_half(vec4f(sum)).x * 0x1p24);
  }
}
