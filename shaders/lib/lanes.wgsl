// Values passed between the LANES threads of a row, thread / LANES, whose lanes are thread % LANES: by shuffles where
// subgroups have at least as many threads, else through workgroup memory. Uniform control flow only. Of a subgroup's size
// nothing else is assumed; that consecutive threads are consecutive in it is: workgroups here have one dimension.
//
// LANES is a power of two of at least 8. `across…` gives what the lane with another bit of its number has, `from_quad…`
// what a lane of the same quad has. Within quads they need no bounds checks, which browsers add to other shuffles.
#const LANES: u32
const LANE_THREADS: u32 = 128;

#if subgroups
enable subgroups;

fn across1(value: f32) -> f32 {
  return quadSwapX(value);
}

fn across1_pair(value: vec2f) -> vec2f {
  return quadSwapX(value);
}

fn across2_pair(value: vec2f) -> vec2f {
  return quadSwapY(value);
}

fn across2_four(value: vec4f) -> vec4f {
  return quadSwapY(value);
}

// `mask` is 4 or more.
fn across(value: f32, mask: u32) -> f32 {
  return subgroupShuffleXor(value, mask);
}

fn across4_bits(value: u32) -> u32 {
  return subgroupShuffleXor(value, 4);
}

fn from_quad0(value: u32) -> u32 {
  return quadBroadcast(value, 0);
}

fn from_quad1(value: u32) -> u32 {
  return quadBroadcast(value, 1);
}

fn from_quad2(value: u32) -> u32 {
  return quadBroadcast(value, 2);
}

fn from_quad3(value: u32) -> u32 {
  return quadBroadcast(value, 3);
}
#else
var<workgroup> sh_lanes: array<vec4u, LANE_THREADS>;
var<private> lane_thread: u32;

fn pass_lanes(value: vec4u, from_thread: u32) -> vec4u {
  sh_lanes[lane_thread] = value;
  workgroupBarrier();
  let other = sh_lanes[from_thread];
  workgroupBarrier();
  return other;
}

fn across1(value: f32) -> f32 {
  return across(value, 1);
}

fn across1_pair(value: vec2f) -> vec2f {
  return bitcast<vec4f>(pass_lanes(bitcast<vec4u>(value.xyxy), lane_thread ^ 1)).xy;
}

fn across2_pair(value: vec2f) -> vec2f {
  return bitcast<vec4f>(pass_lanes(bitcast<vec4u>(value.xyxy), lane_thread ^ 2)).xy;
}

fn across2_four(value: vec4f) -> vec4f {
  return bitcast<vec4f>(pass_lanes(bitcast<vec4u>(value), lane_thread ^ 2));
}

fn across(value: f32, mask: u32) -> f32 {
  return bitcast<f32>(pass_lanes(vec4u(bitcast<u32>(value)), lane_thread ^ mask).x);
}

fn across4_bits(value: u32) -> u32 {
  return pass_lanes(vec4u(value), lane_thread ^ 4).x;
}

fn from_quad(value: u32, lane: u32) -> u32 {
  return pass_lanes(vec4u(value), lane_thread / 4 * 4 + lane).x;
}

fn from_quad0(value: u32) -> u32 {
  return from_quad(value, 0);
}

fn from_quad1(value: u32) -> u32 {
  return from_quad(value, 1);
}

fn from_quad2(value: u32) -> u32 {
  return from_quad(value, 2);
}

fn from_quad3(value: u32) -> u32 {
  return from_quad(value, 3);
}
#endif
