// The weighted sum of values of one step of an attention kernel, and the kernel's workgroup memory: P of 64 rows by
// 64 keys goes through it in two halves of 32 keys, V in slices of V_KEYS keys, and outputs stay in registers. The
// importer declares COLUMNS4 and
//   fn load_value(step: Step, kv_base: u32, slot: u32) -> half4   entry of the step's values as [key][COLUMNS4 * 16]
// 128 threads: x (0..15) owns keys 4 x .. 4 x + 3 of P and output columns in steps of 16 vec4s, y (0..7) rows 4 y .. and
// 32 + 4 y ...; the importer spreads threads over them in the same way.
#import half

#if f16
// P lies in 0..1, so that its products with V and their sums over V_KEYS keys fit f16; they are added up in f32. Scores
// stay f32: Qwen2's keys have a bias that f16 products would not survive. Attention is 17 to 20% faster on an H200.
const V_KEYS: u32 = 32 / COLUMNS4;
// Partial row maxima (16 thread columns x 16 row groups) lie where the Q slice was.
const MAX_BASE: u32 = 0;
var<workgroup> sh: array<vec4f, 512>;
var<workgroup> sh_p: array<half4, 512>;
var<workgroup> sh_v: array<half4, 512>;

// Where P of a key (0..31) and a group of four rows (0..15) lies. Neighbouring threads store keys four apart, which would
// lie in the same banks; groups are permuted by the key, so that they don't. `& 511` lets the compiler prove the bounds.
fn place_of(key: u32, rows4: u32) -> u32 {
  return (key * 16 + (rows4 ^ ((key / 4) * 2))) & 511;
}

fn add_values(
  o: ptr<function, array<vec4f, 8 * COLUMNS4>>, s: array<vec4f, 8>, step: Step, kv_base: u32, thread: u32,
) {
  let x = (thread / 2) % 8 + ((thread / 32) % 2) * 8;
  let y = thread % 2 + ((thread / 16) % 2) * 2 + ((thread / 64) % 2) * 4;
  var values = fetch_values(step, kv_base, thread);
  for (var first = 0u; first < 64; first += V_KEYS) {
    if (first % 32 == 0 && x / 8 == first / 32) {
      for (var j = 0u; j < 4; j++) {
        let key = (x % 8) * 4 + j;
        sh_p[place_of(key, y)] = half4(vec4f(s[0][j], s[1][j], s[2][j], s[3][j]));
        sh_p[place_of(key, y + 8)] = half4(vec4f(s[4][j], s[5][j], s[6][j], s[7][j]));
      }
    }
    for (var i = 0u; i < 4; i++) {
      sh_v[thread + i * 128] = values[i];
    }
    workgroupBarrier();
    if (first + V_KEYS < 64) {
      values = fetch_values(step, kv_base, (first + V_KEYS) * COLUMNS4 * 16 + thread);
    }
    var part = array<half4, 8 * COLUMNS4>();
    for (var key = 0u; key < V_KEYS; key++) {
      let p_low = sh_p[place_of(first % 32 + key, y)];
      let p_high = sh_p[place_of(first % 32 + key, y + 8)];
      for (var c = 0u; c < COLUMNS4; c++) {
        let value = sh_v[((key * COLUMNS4 + c) * 16 + x) & 511];
        part[c] = fma(half4(p_low.x), value, part[c]);
        part[COLUMNS4 + c] = fma(half4(p_low.y), value, part[COLUMNS4 + c]);
        part[2 * COLUMNS4 + c] = fma(half4(p_low.z), value, part[2 * COLUMNS4 + c]);
        part[3 * COLUMNS4 + c] = fma(half4(p_low.w), value, part[3 * COLUMNS4 + c]);
        part[4 * COLUMNS4 + c] = fma(half4(p_high.x), value, part[4 * COLUMNS4 + c]);
        part[5 * COLUMNS4 + c] = fma(half4(p_high.y), value, part[5 * COLUMNS4 + c]);
        part[6 * COLUMNS4 + c] = fma(half4(p_high.z), value, part[6 * COLUMNS4 + c]);
        part[7 * COLUMNS4 + c] = fma(half4(p_high.w), value, part[7 * COLUMNS4 + c]);
      }
    }
    for (var i = 0u; i < 8 * COLUMNS4; i++) {
      (*o)[i] += vec4f(part[i]);
    }
    workgroupBarrier();
  }
}

// Four entries of a slice, from `slot` on in steps of 128.
fn fetch_values(step: Step, kv_base: u32, slot: u32) -> array<half4, 4> {
  var got = array<half4, 4>();
  for (var i = 0u; i < 4; i++) {
    got[i] = load_value(step, kv_base, slot + i * 128);
  }
  return got;
}
#else
const V_KEYS: u32 = 16 / COLUMNS4;
// P lies where the Q and K slices were; a V slice (256 vec4f) and the partial row maxima (256) have room of their own.
const V_BASE: u32 = 512;
const MAX_BASE: u32 = 768;
var<workgroup> sh: array<vec4f, 1024>;

fn add_values(
  o: ptr<function, array<vec4f, 8 * COLUMNS4>>, s: array<vec4f, 8>, step: Step, kv_base: u32, thread: u32,
) {
  let x = (thread / 2) % 8 + ((thread / 32) % 2) * 8;
  let y = thread % 2 + ((thread / 16) % 2) * 2 + ((thread / 64) % 2) * 4;
  var value0 = from_half(load_value(step, kv_base, thread));
  var value1 = from_half(load_value(step, kv_base, thread + 128));
  for (var first = 0u; first < 64; first += V_KEYS) {
    if (first % 32 == 0 && x / 8 == first / 32) {
      for (var j = 0u; j < 4; j++) {
        let to = ((x % 8) * 4 + j) * 16 + y;
        sh[to] = vec4f(s[0][j], s[1][j], s[2][j], s[3][j]);
        sh[to + 8] = vec4f(s[4][j], s[5][j], s[6][j], s[7][j]);
      }
    }
    sh[V_BASE + thread] = value0;
    sh[V_BASE + thread + 128] = value1;
    workgroupBarrier();
    if (first + V_KEYS < 64) {
      let slot = (first + V_KEYS) * COLUMNS4 * 16 + thread;
      value0 = from_half(load_value(step, kv_base, slot));
      value1 = from_half(load_value(step, kv_base, slot + 128));
    }
    for (var key = 0u; key < V_KEYS; key++) {
      let p_low = sh[(first % 32 + key) * 16 + y];
      let p_high = sh[(first % 32 + key) * 16 + 8 + y];
      for (var c = 0u; c < COLUMNS4; c++) {
        let value = sh[V_BASE + (key * COLUMNS4 + c) * 16 + x];
        (*o)[c] = fma(vec4f(p_low.x), value, (*o)[c]);
        (*o)[COLUMNS4 + c] = fma(vec4f(p_low.y), value, (*o)[COLUMNS4 + c]);
        (*o)[2 * COLUMNS4 + c] = fma(vec4f(p_low.z), value, (*o)[2 * COLUMNS4 + c]);
        (*o)[3 * COLUMNS4 + c] = fma(vec4f(p_low.w), value, (*o)[3 * COLUMNS4 + c]);
        (*o)[4 * COLUMNS4 + c] = fma(vec4f(p_high.x), value, (*o)[4 * COLUMNS4 + c]);
        (*o)[5 * COLUMNS4 + c] = fma(vec4f(p_high.y), value, (*o)[5 * COLUMNS4 + c]);
        (*o)[6 * COLUMNS4 + c] = fma(vec4f(p_high.z), value, (*o)[6 * COLUMNS4 + c]);
        (*o)[7 * COLUMNS4 + c] = fma(vec4f(p_high.w), value, (*o)[7 * COLUMNS4 + c]);
      }
    }
    workgroupBarrier();
  }
}
#endif
