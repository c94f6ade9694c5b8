// Rounds to the nearest f16, even ones first, and stays in f32: conversions and packing may round either way. What is
// beyond the largest f16 keeps its size and is rounded to as many bits.
fn round_half(value: vec4f) -> vec4f {
  let bits = bitcast<vec4u>(value);
  let normal = bitcast<vec4f>((bits + 0xfff + ((bits >> vec4u(13)) & vec4u(1))) & vec4u(0xffffe000));
  return select(normal, round(value * 0x1p24) * 0x1p-24, abs(value) < vec4f(0x1p-14));
}
