// Outputs of up to 8 heads that LANES threads have in common, 8 dims a thread. They have names, never indices: a loop that a
// driver leaves rolled would put arrays out of registers.
#import lanes

// Query heads taken at a time, at most 8.
#const HEADS: u32

var<private> odd_quad: bool;

// The head whose score and softmax a lane has. Where there are more than 4, even heads are in quads 0, 2, …, odd ones in the
// others: a score is summed over the lanes of a quad first, which halves what is left to sum twice.
fn head_of(lane: u32) -> u32 {
  return select(lane % 4, lane % 4 * 2 + lane / 4 % 2, HEADS > 4);
}

// What this quad and its neighbour have: of even and of odd heads.
fn both_quads(value: u32) -> vec2u {
  if (HEADS <= 4) {
    return vec2u(value);
  }
  let other = across4_bits(value);
  return select(vec2u(value, other), vec2u(other, value), odd_quad);
}

fn head0(pair: vec2u) -> u32 {
  return from_quad0(pair.x);
}

fn head1(pair: vec2u) -> u32 {
  if (HEADS > 4) {
    return from_quad0(pair.y);
  }
  return from_quad1(pair.x);
}

fn head2(pair: vec2u) -> u32 {
  if (HEADS > 4) {
    return from_quad1(pair.x);
  }
  return from_quad2(pair.x);
}

fn head3(pair: vec2u) -> u32 {
  if (HEADS > 4) {
    return from_quad1(pair.y);
  }
  return from_quad3(pair.x);
}

fn head4(pair: vec2u) -> u32 {
  return from_quad2(pair.x);
}

fn head5(pair: vec2u) -> u32 {
  return from_quad2(pair.y);
}

fn head6(pair: vec2u) -> u32 {
  return from_quad3(pair.x);
}

fn head7(pair: vec2u) -> u32 {
  return from_quad3(pair.y);
}

struct Outputs {
  h0: mat2x4f,
  h1: mat2x4f,
  h2: mat2x4f,
  h3: mat2x4f,
  h4: mat2x4f,
  h5: mat2x4f,
  h6: mat2x4f,
  h7: mat2x4f,
}

// 16-byte parts of 4 keys or values: 8 halves each.
struct Four {
  a: vec4u,
  b: vec4u,
  c: vec4u,
  d: vec4u,
}

fn dims(part: vec4u) -> mat2x4f {
  return mat2x4f(
    vec4f(unpack2x16float(part.x), unpack2x16float(part.y)),
    vec4f(unpack2x16float(part.z), unpack2x16float(part.w)),
  );
}

// Each head by what its lane has.
fn scale_outputs(o: ptr<function, Outputs>, factor: f32) {
  let pair = both_quads(bitcast<u32>(factor));
  (*o).h0 *= bitcast<f32>(head0(pair));
  if (HEADS > 1) {
    (*o).h1 *= bitcast<f32>(head1(pair));
  }
  if (HEADS > 2) {
    (*o).h2 *= bitcast<f32>(head2(pair));
  }
  if (HEADS > 3) {
    (*o).h3 *= bitcast<f32>(head3(pair));
  }
  if (HEADS > 4) {
    (*o).h4 *= bitcast<f32>(head4(pair));
  }
  if (HEADS > 5) {
    (*o).h5 *= bitcast<f32>(head5(pair));
  }
  if (HEADS > 6) {
    (*o).h6 *= bitcast<f32>(head6(pair));
  }
  if (HEADS > 7) {
    (*o).h7 *= bitcast<f32>(head7(pair));
  }
}

fn add_scaled(sum: mat2x4f, x: mat2x4f, p: u32) -> mat2x4f {
  let factor = vec4f(bitcast<f32>(p));
  return mat2x4f(fma(x[0], factor, sum[0]), fma(x[1], factor, sum[1]));
}

// A key's value, weighted for each head by what that head's lane has.
fn add_value(o: ptr<function, Outputs>, part: vec4u, p: f32) {
  let x = dims(part);
  let pair = both_quads(bitcast<u32>(p));
  (*o).h0 = add_scaled((*o).h0, x, head0(pair));
  if (HEADS > 1) {
    (*o).h1 = add_scaled((*o).h1, x, head1(pair));
  }
  if (HEADS > 2) {
    (*o).h2 = add_scaled((*o).h2, x, head2(pair));
  }
  if (HEADS > 3) {
    (*o).h3 = add_scaled((*o).h3, x, head3(pair));
  }
  if (HEADS > 4) {
    (*o).h4 = add_scaled((*o).h4, x, head4(pair));
  }
  if (HEADS > 5) {
    (*o).h5 = add_scaled((*o).h5, x, head5(pair));
  }
  if (HEADS > 6) {
    (*o).h6 = add_scaled((*o).h6, x, head6(pair));
  }
  if (HEADS > 7) {
    (*o).h7 = add_scaled((*o).h7, x, head7(pair));
  }
}

fn add_values(o: ptr<function, Outputs>, parts: Four, p: vec4f) {
  add_value(o, parts.a, p.x);
  add_value(o, parts.b, p.y);
  add_value(o, parts.c, p.z);
  add_value(o, parts.d, p.w);
}
