// FlexPrefill's cumulative attention (arXiv 2502.20766, algorithms 2 and 4) without its sort: the largest t such that
// the entries of at least t add up to more than a target. Bits of floats that are not negative have their order, so t
// is found as an integer by digits of eight bits, as in a radix select, but by the sums of the digits' entries and not
// by their counts. Sums are exact integers (fixed_sum): the same in every run. A fifth pass leaves the result.
// Reference: app/reference/flexPrefill.ts, of the whole algorithm.
#import fixed_sum

struct Params {
  // Lists of `entries`: the first ones from 0 on, `stride` apart, the others likewise from `second_base` on.
  lists: u32,
  first_lists: u32,
  second_base: u32,
  stride: u32,
  entries: u32,
  // 0 to 3: one pass over the entries each. 4: the result.
  digit: u32,
  // 1: only lists whose `gate` is not 0 are searched, of which list 0 has gate `head_base`.
  gated: u32,
  head_base: u32,
  // Where the results of these lists begin.
  found_base: u32,
  target_low: u32,
  target_high: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> entries: array<u32>; // bits; zeros count for nothing
@group(0) @binding(2) var<storage, read> gate: array<u32>;    // [head]
// Zeroed before. [digit][list][256][count, sum low, sum high]
@group(0) @binding(3) var<storage, read_write> bins: array<atomic<u32>>;
// Digits found before, count and sum of the entries above those: [digit][list]
@group(0) @binding(4) var<storage, read_write> picks: array<vec4u>;
// Smallest bits above t, and how many of the largest entries do not pass the target, and one more: [list]
@group(0) @binding(5) var<storage, read_write> found: array<vec2u>;

// A workgroup's share of a list.
const SEGMENT: u32 = 8192;

var<workgroup> sh_bins: array<atomic<u32>, 768>;
var<workgroup> sh_pick: vec4u;
var<workgroup> sh_last: vec2u; // count of the digit picked, 1 if the target is passed

// Picks the digit after `digits` known ones of a list. Uniform control flow only.
fn pick(list: u32, digit: u32, thread: u32) {
  let place = digit * params.lists + list;
  let state = picks[place];
  let value = 255 - thread;
  let bin = (place * 256 + value) * 3;
  let count = atomicLoad(&bins[bin]);
  let sum = vec2u(atomicLoad(&bins[bin + 1]), atomicLoad(&bins[bin + 2]));
  let count_above = state.y + prefix_sum(count, thread).x;
  let above = fixed_add(state.zw, fixed_prefix(sum, thread));
  let target_sum = vec2u(params.target_low, params.target_high);
  let passed = fixed_above(fixed_add(above, sum), target_sum);
  // One thread's digit passes the target; the last thread stands in where none does.
  if ((passed && !fixed_above(above, target_sum)) || (value == 0 && !passed)) {
    sh_pick = vec4u((state.x << 8) | value, count_above, above);
    sh_last = vec2u(count, select(0u, 1u, passed));
  }
  workgroupBarrier();
}

// Dispatch: (segment, list); in the last pass (1, list).
@compute @workgroup_size(PREFIX_THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let list = group.y;
  if (params.gated != 0 && gate[params.head_base + list] == 0) {
    return;
  }
  var state = vec4u();
  if (params.digit > 0) {
    pick(list, params.digit - 1, thread);
    state = sh_pick;
  }
  if (params.digit == 4) {
    if (thread == 0) {
      // Entries that equal t: as many as still fit, which is not all where the target is passed.
      let room = fixed_difference(vec2u(params.target_low, params.target_high), state.zw);
      let fit = min(f32(sh_last.x - sh_last.y), floor(room / max(bitcast<f32>(state.x), 0x1p-126)));
      let within = select(params.entries, state.y + u32(fit), sh_last.y == 1);
      found[params.found_base + list] = vec2u(select(0u, state.x + 1, sh_last.y == 1), within + 1);
    }
    return;
  }
  if (group.x == 0 && thread == 0) {
    picks[params.digit * params.lists + list] = state;
  }

  let second = list >= params.first_lists;
  let base = select(list * params.stride, params.second_base + (list - params.first_lists) * params.stride, second);
  let shift = 24 - 8 * params.digit;
  let end = min(params.entries, (group.x + 1) * SEGMENT);
  for (var i = group.x * SEGMENT + thread; i < end; i += PREFIX_THREADS) {
    let bits = entries[base + i];
    // Two shifts, for one by 32 in the first pass.
    if (bits != 0 && ((bits >> shift) >> 8) == state.x) {
      let bin = ((bits >> shift) & 255) * 3;
      let value = fixed_of(bits);
      atomicAdd(&sh_bins[bin], 1u);
      let before = atomicAdd(&sh_bins[bin + 1], value.x);
      let high = value.y + select(0u, 1u, before > 0xffffffff - value.x);
      if (high != 0) {
        atomicAdd(&sh_bins[bin + 2], high);
      }
    }
  }
  workgroupBarrier();
  let count = atomicLoad(&sh_bins[thread * 3]);
  if (count != 0) {
    let bin = ((params.digit * params.lists + list) * 256 + thread) * 3;
    let low = atomicLoad(&sh_bins[thread * 3 + 1]);
    atomicAdd(&bins[bin], count);
    let before = atomicAdd(&bins[bin + 1], low);
    let high = atomicLoad(&sh_bins[thread * 3 + 2]) + select(0u, 1u, before > 0xffffffff - low);
    if (high != 0) {
      atomicAdd(&bins[bin + 2], high);
    }
  }
}
