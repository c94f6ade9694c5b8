// Logarithmic bins of scores: four to an octave, the largest first. Bin 0 holds what is forced (infinity), bins 1 to
// 254 scores from 2^8 down, bin 255 everything below 2^-55.
const MASS_TOP: u32 = 540; // (127 + 8) * 4: key >> 21 of 2^8

fn mass_bin(key: u32) -> u32 {
  if (key >= 0x7f800000u) {
    return 0u;
  }
  return clamp(MASS_TOP - min(key >> 21, MASS_TOP - 1), 1u, 255u);
}

// The middle of a bin; what is forced and what is negligible count nothing.
fn mass_of(bin: u32) -> f32 {
  let middle = bitcast<f32>(((MASS_TOP - bin) << 21) | 0x100000u);
  return select(middle, 0.0, bin == 0 || bin == 255);
}

// Least and largest key of a bin.
fn bin_keys(bin: u32) -> vec2u {
  let low = select((MASS_TOP - min(bin, 254u)) << 21, 1u, bin >= 255);
  let high = select(((MASS_TOP - min(bin, 255u) + 1) << 21) - 1, 0x7f7fffffu, bin == 1);
  return select(vec2u(low, high), vec2u(0x7f800000u), bin == 0);
}
