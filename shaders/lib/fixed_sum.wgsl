// Sums that are the same in any order, and so with atomics too: 64-bit fixed point with 40 bits after the point, as
// (low, high). Floats of up to 24 bits are exact from 2^-16 up; what is smaller loses less than 2^-40 each.
#import prefix_sum

var<workgroup> sh_fixed: array<vec2u, PREFIX_THREADS>;

// From the bits of a float that is not negative and below 2^15.
fn fixed_of(bits: u32) -> vec2u {
  let mantissa = (bits & 0x7fffff) | 0x800000;
  let exponent = bits >> 23; // the value is mantissa * 2^(exponent - 150)
  let down = 110 - min(exponent, 110u);
  let up = min(max(exponent, 110u) - 110, 31u);
  let small = select(mantissa >> min(down, 31u), 0u, down > 31);
  return vec2u(small << up, select(small >> (32 - max(up, 1u)), 0u, up == 0));
}

fn fixed_add(a: vec2u, b: vec2u) -> vec2u {
  let low = a.x + b.x;
  return vec2u(low, a.y + b.y + select(0u, 1u, low < a.x));
}

fn fixed_above(a: vec2u, b: vec2u) -> bool {
  return a.y > b.y || (a.y == b.y && a.x > b.x);
}

// a - b, which is not negative, as a float.
fn fixed_difference(a: vec2u, b: vec2u) -> f32 {
  let high = a.y - b.y - select(0u, 1u, a.x < b.x);
  return f32(high) * 0x1p-8 + f32(a.x - b.x) * 0x1p-40;
}

// Sum over the threads before. Uniform control flow only.
fn fixed_prefix(value: vec2u, thread: u32) -> vec2u {
  var sum = value;
  sh_fixed[thread] = sum;
  workgroupBarrier();
  for (var stride = 1u; stride < PREFIX_THREADS; stride *= 2) {
    let other = select(vec2u(), sh_fixed[max(thread, stride) - stride], thread >= stride);
    workgroupBarrier();
    sum = fixed_add(sum, other);
    sh_fixed[thread] = sum;
    workgroupBarrier();
  }
  let before = select(vec2u(), sh_fixed[max(thread, 1u) - 1], thread > 0);
  workgroupBarrier();
  return before;
}
