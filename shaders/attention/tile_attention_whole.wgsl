// tile_attention for heads of up to 64 dims where 44 KiB of workgroup memory are to be had: the same walk over the same lists
// with the same bindings. Q stays in workgroup memory, K and V of a step go there whole, and so a step has four barriers
// where tile_attention has twelve. Scores are f32; with f16, P times V is f16, summed in f32 every 32 keys.
// Reference: app/reference/tileAttention.ts
//
// 128 threads: x (0..15) owns keys 4 x .. 4 x + 3 of a step and output columns 4 x .. 4 x + 3, y (0..7) owns rows 4 y ..
// and 32 + 4 y ... Where 16-byte rows are transposed, groups of four (or eight) are permuted by their dim or key, so that
// neighbouring threads use different banks. The browser bounds an index unless it can prove it: it follows sums, products
// and modulo, not `&` or `^`. So arrays are nested, and what is permuted is taken modulo 8.
#import activation
#import tile_walk

// Groups of eight dims of a head: 1 to 8.
#const HEAD8: u32

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<vec4u>;           // [head][q_stride][HEAD8], eight halves each
@group(0) @binding(2) var<storage, read> k: array<vec4u>;           // [KV head of this range][key_stride][HEAD8]
@group(0) @binding(3) var<storage, read> v: array<vec4u>;           // as k
@group(0) @binding(4) var<storage, read> counts: array<vec2<u32>>;  // [head][row block]: tiles, columns
@group(0) @binding(5) var<storage, read> tiles: array<u32>;         // [head][row block][tile_capacity]: first key
@group(0) @binding(6) var<storage, read> columns: array<u32>;       // [head][row block][column_capacity]: key
@group(0) @binding(7) var<storage, read_write> out: array<act4>;    // [split][row][total_heads][2 HEAD8]
// Row maximum (base 2) and sum: [split][row][total_heads]. Written only where keys are split.
@group(0) @binding(8) var<storage, read_write> stats: array<vec2f>;

const STEP_KEYS: u32 = 64;
const DIMS: u32 = HEAD8 * 8;
// P takes 32 rows of K's array.
const K_ROWS: u32 = max(DIMS, 32);

var<workgroup> sh_q: array<array<array<vec4f, 8>, 2>, DIMS>;    // scaled, [dim][half of the rows][four rows]
var<workgroup> sh_k: array<array<array<vec4u, 8>, 2>, K_ROWS>;  // bits of f32, [dim][half of the keys][four keys]
var<workgroup> sh_v: array<array<vec2u, 16>, STEP_KEYS>;        // four halves each, [key][column / 4]
var<workgroup> sh_row: array<array<array<vec4f, 8>, 2>, 16>;    // what threads of a row exchange, [x][half][four rows]

// Four 16-bit values as they are computed with.
#if f16
alias part4 = half4;

fn part_of(bits: vec2u) -> part4 {
  return bitcast<half4>(bits);
}

fn bits_of(value: vec4f) -> vec2u {
  return bitcast<vec2u>(half4(value));
}
#else
alias part4 = vec4f;

fn part_of(bits: vec2u) -> part4 {
  return from_half(bits);
}

fn bits_of(value: vec4f) -> vec2u {
  return to_half(value);
}
#endif

// Dispatch: x = head within the range, y = row block counted from the last, so that long rows start first, z = split.
@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  // 32 consecutive threads have 8 x and 4 y, so that they read as few different vectors as can be.
  let x = (thread / 2) % 8 + ((thread / 32) % 2) * 8;
  let y = thread % 2 + ((thread / 16) % 2) * 2 + ((thread / 64) % 2) * 4;
  let head = params.head_base + workgroup.x;
  let block = params.first_row_block + params.row_blocks - 1 - workgroup.y;
  let row0 = block * 64;
  let position0 = params.row_position + row0;
  let kv_base = (workgroup.x / params.group) * params.key_stride;
  let q_base = head * params.q_stride;
  let split = params.first_split + workgroup.z;
  let walk = walk_of(head, block, split);

  // Eight dims of four rows or keys that this thread transposes; of V, the same dims of keys 16 apart. What is written out
  // eight times here and below was faster so than in loops.
  let dims8 = thread % 8;
  let four = (thread / 8) % 16;
  let stages = dims8 < HEAD8;

  if (stages) {
    let rows = min(vec4u(row0 + four * 4) + vec4u(0, 1, 2, 3), vec4u(params.rows - 1));
    let from_q = (q_base + rows) * HEAD8 + dims8;
    let low = transpose4(q[from_q.x].xy, q[from_q.y].xy, q[from_q.z].xy, q[from_q.w].xy);
    let high = transpose4(q[from_q.x].zw, q[from_q.y].zw, q[from_q.z].zw, q[from_q.w].zw);
    let place = (four ^ dims8) % 8;
    sh_q[dims8 * 8][four / 8][place] = low[0] * params.scale;
    sh_q[dims8 * 8 + 1][four / 8][place] = low[1] * params.scale;
    sh_q[dims8 * 8 + 2][four / 8][place] = low[2] * params.scale;
    sh_q[dims8 * 8 + 3][four / 8][place] = low[3] * params.scale;
    sh_q[dims8 * 8 + 4][four / 8][place] = high[0] * params.scale;
    sh_q[dims8 * 8 + 5][four / 8][place] = high[1] * params.scale;
    sh_q[dims8 * 8 + 6][four / 8][place] = high[2] * params.scale;
    sh_q[dims8 * 8 + 7][four / 8][place] = high[3] * params.scale;
  }

  var o = array<vec4f, 8>();
  var max_low = vec4f(LEAST_MAX);
  var max_high = vec4f(LEAST_MAX);
  var sum_low = vec4f();
  var sum_high = vec4f();

  for (var at = walk.first; at < walk.end; at++) {
    let step = step_at(walk, at);
    if (stages) {
      let from_k = (kv_base + keys_at(step, vec4u(four * 4) + vec4u(0, 1, 2, 3))) * HEAD8 + dims8;
      let k0 = k[from_k.x];
      let k1 = k[from_k.y];
      let k2 = k[from_k.z];
      let k3 = k[from_k.w];
      let low = transpose4(k0.xy, k1.xy, k2.xy, k3.xy);
      let high = transpose4(k0.zw, k1.zw, k2.zw, k3.zw);
      let place = (four ^ dims8) % 8;
      sh_k[dims8 * 8][four / 8][place] = bitcast<vec4u>(low[0]);
      sh_k[dims8 * 8 + 1][four / 8][place] = bitcast<vec4u>(low[1]);
      sh_k[dims8 * 8 + 2][four / 8][place] = bitcast<vec4u>(low[2]);
      sh_k[dims8 * 8 + 3][four / 8][place] = bitcast<vec4u>(low[3]);
      sh_k[dims8 * 8 + 4][four / 8][place] = bitcast<vec4u>(high[0]);
      sh_k[dims8 * 8 + 5][four / 8][place] = bitcast<vec4u>(high[1]);
      sh_k[dims8 * 8 + 6][four / 8][place] = bitcast<vec4u>(high[2]);
      sh_k[dims8 * 8 + 7][four / 8][place] = bitcast<vec4u>(high[3]);
      let from_v = (kv_base + keys_at(step, vec4u(four) + vec4u(0, 16, 32, 48))) * HEAD8 + dims8;
      let v0 = v[from_v.x];
      let v1 = v[from_v.y];
      let v2 = v[from_v.z];
      let v3 = v[from_v.w];
      sh_v[four][dims8 * 2] = v0.xy;
      sh_v[four][dims8 * 2 + 1] = v0.zw;
      sh_v[four + 16][dims8 * 2] = v1.xy;
      sh_v[four + 16][dims8 * 2 + 1] = v1.zw;
      sh_v[four + 32][dims8 * 2] = v2.xy;
      sh_v[four + 32][dims8 * 2 + 1] = v2.zw;
      sh_v[four + 48][dims8 * 2] = v3.xy;
      sh_v[four + 48][dims8 * 2 + 1] = v3.zw;
    }
    workgroupBarrier();

    // Scores: 8 rows by 4 keys.
    var s = array<vec4f, 8>();
    for (var oct = 0u; oct < HEAD8; oct++) {
      let key4 = (x ^ oct) % 8;
      let row4 = (y ^ oct) % 8;
      let d = oct * 8;
      add_scores(&s, sh_q[d][0][row4], sh_q[d][1][row4], sh_k[d][x / 8][key4]);
      add_scores(&s, sh_q[d + 1][0][row4], sh_q[d + 1][1][row4], sh_k[d + 1][x / 8][key4]);
      add_scores(&s, sh_q[d + 2][0][row4], sh_q[d + 2][1][row4], sh_k[d + 2][x / 8][key4]);
      add_scores(&s, sh_q[d + 3][0][row4], sh_q[d + 3][1][row4], sh_k[d + 3][x / 8][key4]);
      add_scores(&s, sh_q[d + 4][0][row4], sh_q[d + 4][1][row4], sh_k[d + 4][x / 8][key4]);
      add_scores(&s, sh_q[d + 5][0][row4], sh_q[d + 5][1][row4], sh_k[d + 5][x / 8][key4]);
      add_scores(&s, sh_q[d + 6][0][row4], sh_q[d + 6][1][row4], sh_k[d + 6][x / 8][key4]);
      add_scores(&s, sh_q[d + 7][0][row4], sh_q[d + 7][1][row4], sh_k[d + 7][x / 8][key4]);
    }
    if (hides(step, position0)) {
      let keys4 = vec4u(
        key_at(step, x * 4), key_at(step, x * 4 + 1), key_at(step, x * 4 + 2), key_at(step, x * 4 + 3));
      for (var r = 0u; r < 8; r++) {
        let last = min(position0 + (r / 4) * 32 + y * 4 + r % 4, params.keys - 1);
        s[r] = select(s[r], vec4f(MASKED), keys4 > vec4u(last));
      }
    }

    // Row maxima over the 16 threads of a row.
    sh_row[x][0][(y ^ x) % 8] = vec4f(widest(s[0]), widest(s[1]), widest(s[2]), widest(s[3]));
    sh_row[x][1][(y ^ x) % 8] = vec4f(widest(s[4]), widest(s[5]), widest(s[6]), widest(s[7]));
    workgroupBarrier();
    var next_low = max_low;
    var next_high = max_high;
    for (var i = 0u; i < 16; i++) {
      next_low = max(next_low, sh_row[i][0][(y ^ i) % 8]);
      next_high = max(next_high, sh_row[i][1][(y ^ i) % 8]);
    }
    let shrink_low = exp2(max_low - next_low);
    let shrink_high = exp2(max_high - next_high);
    max_low = next_low;
    max_high = next_high;
    for (var r = 0u; r < 4; r++) {
      s[r] = exp2(s[r] - max_low[r]);
      s[r + 4] = exp2(s[r + 4] - max_high[r]);
      o[r] *= shrink_low[r];
      o[r + 4] *= shrink_high[r];
    }
    // Each thread sums its own keys; the 16 threads of a row are added once, at the end.
    sum_low = sum_low * shrink_low + vec4f(total(s[0]), total(s[1]), total(s[2]), total(s[3]));
    sum_high = sum_high * shrink_high + vec4f(total(s[4]), total(s[5]), total(s[6]), total(s[7]));

    // P lies where K was, as [key][eight rows of a y].
    for (var j = 0u; j < 4; j++) {
      let low = bits_of(vec4f(s[0][j], s[1][j], s[2][j], s[3][j]));
      let high = bits_of(vec4f(s[4][j], s[5][j], s[6][j], s[7][j]));
      sh_k[x * 2 + j / 2][j % 2][(y ^ x) % 8] = vec4u(low, high);
    }
    workgroupBarrier();
    for (var half = 0u; half < 2; half++) {
      var part = array<part4, 8>();
      for (var key4 = 0u; key4 < 8; key4++) {
        let row4 = (y ^ key4) % 8;
        let key = half * 32 + key4 * 4;
        let pair = half * 16 + key4 * 2;
        add_values(&part, sh_k[pair][0][row4], sh_v[key][x]);
        add_values(&part, sh_k[pair][1][row4], sh_v[key + 1][x]);
        add_values(&part, sh_k[pair + 1][0][row4], sh_v[key + 2][x]);
        add_values(&part, sh_k[pair + 1][1][row4], sh_v[key + 3][x]);
      }
      for (var r = 0u; r < 8; r++) {
        o[r] += vec4f(part[r]);
      }
    }
    workgroupBarrier();
  }

  sh_row[x][0][y] = sum_low;
  sh_row[x][1][y] = sum_high;
  workgroupBarrier();
  var all_low = vec4f();
  var all_high = vec4f();
  for (var i = 0u; i < 16; i++) {
    all_low += sh_row[i][0][y];
    all_high += sh_row[i][1][y];
  }
  let is_split = params.splits > 1;
  let out_first = select(0u, split * params.split_rows - params.first_row_block * 64, is_split);
  for (var r = 0u; r < 8; r++) {
    let row = row0 + (r / 4) * 32 + y * 4 + r % 4;
    let all = select(all_low[r % 4], all_high[r % 4], r >= 4);
    // A row that sees no key is zero.
    let share = select(0.0, 1.0 / all, all > 0.0);
    let to = (out_first + row) * params.total_heads + head;
    if (row < params.rows && x < HEAD8 * 2) {
      out[to * (HEAD8 * 2) + x] = to_act(o[r] * share);
    }
    if (is_split && x == 0 && row < params.rows) {
      stats[to] = vec2f(select(max_low[r % 4], max_high[r % 4], r >= 4), all);
    }
  }
}

// Keys of four slots, within the cache.
fn keys_at(step: Step, slots: vec4u) -> vec4u {
  var keys4 = step.first + slots;
  if (step.gathered) {
    keys4 = vec4u(key_at(step, slots.x), key_at(step, slots.y), key_at(step, slots.z), key_at(step, slots.w));
  }
  return min(keys4, vec4u(params.keys - 1));
}

// Four halves of four rows, by half.
fn transpose4(a: vec2u, b: vec2u, c: vec2u, d: vec2u) -> mat4x4f {
  return transpose(mat4x4f(vec4f(part_of(a)), vec4f(part_of(b)), vec4f(part_of(c)), vec4f(part_of(d))));
}

fn add_scores(s: ptr<function, array<vec4f, 8>>, low: vec4f, high: vec4f, bits: vec4u) {
  let keys4 = bitcast<vec4f>(bits);
  (*s)[0] = fma(vec4f(low.x), keys4, (*s)[0]);
  (*s)[1] = fma(vec4f(low.y), keys4, (*s)[1]);
  (*s)[2] = fma(vec4f(low.z), keys4, (*s)[2]);
  (*s)[3] = fma(vec4f(low.w), keys4, (*s)[3]);
  (*s)[4] = fma(vec4f(high.x), keys4, (*s)[4]);
  (*s)[5] = fma(vec4f(high.y), keys4, (*s)[5]);
  (*s)[6] = fma(vec4f(high.z), keys4, (*s)[6]);
  (*s)[7] = fma(vec4f(high.w), keys4, (*s)[7]);
}

fn add_values(sums: ptr<function, array<part4, 8>>, rows8: vec4u, bits: vec2u) {
  let value = part_of(bits);
  let low = part_of(rows8.xy);
  let high = part_of(rows8.zw);
  (*sums)[0] = fma(part4(low.x), value, (*sums)[0]);
  (*sums)[1] = fma(part4(low.y), value, (*sums)[1]);
  (*sums)[2] = fma(part4(low.z), value, (*sums)[2]);
  (*sums)[3] = fma(part4(low.w), value, (*sums)[3]);
  (*sums)[4] = fma(part4(high.x), value, (*sums)[4]);
  (*sums)[5] = fma(part4(high.y), value, (*sums)[5]);
  (*sums)[6] = fma(part4(high.z), value, (*sums)[6]);
  (*sums)[7] = fma(part4(high.w), value, (*sums)[7]);
}

fn widest(value: vec4f) -> f32 {
  return max(max(value.x, value.y), max(value.z, value.w));
}

fn total(value: vec4f) -> f32 {
  return value.x + value.y + value.z + value.w;
}
