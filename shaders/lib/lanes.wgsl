// Values passed between the 8 threads of a row, thread / 8, whose lanes are thread % 8: by shuffles where subgroups have
// at least 8 threads, else through workgroup memory. Uniform control flow only. Of a subgroup's size nothing else is
// assumed; that consecutive threads are consecutive in it is: workgroups here have one dimension.
#if subgroups
enable subgroups;

// Number of the row's lane 0 in its subgroup.
var<private> first_lane: u32;

fn from_lane(value: f32, lane: u32) -> f32 {
  return subgroupShuffle(value, first_lane + lane);
}

// `mask` is below 8 and the same in all threads.
fn from_lane_xor(value: f32, mask: u32) -> f32 {
  return subgroupShuffleXor(value, mask);
}
#else
const LANE_THREADS: u32 = 128;

var<workgroup> sh_lanes: array<f32, LANE_THREADS>;
var<private> lane_thread: u32;

fn from_lane(value: f32, lane: u32) -> f32 {
  sh_lanes[lane_thread] = value;
  workgroupBarrier();
  let other = sh_lanes[lane_thread / 8 * 8 + lane];
  workgroupBarrier();
  return other;
}

fn from_lane_xor(value: f32, mask: u32) -> f32 {
  sh_lanes[lane_thread] = value;
  workgroupBarrier();
  let other = sh_lanes[lane_thread ^ mask];
  workgroupBarrier();
  return other;
}
#endif
