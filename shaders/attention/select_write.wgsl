// Top-k, third part: the chosen entries of both lists in ascending order. Of keys equal to the k-th largest those with
// the lowest index are chosen, as torch.topk does on CUDA.
// Reference: app/reference/selectTop.ts, of the whole algorithm.
#import radix_select

struct Params {
  entries0: u32,
  entries1: u32,
  stride0: u32,
  stride1: u32,
  base1: u32,
  batch: u32,
  head_base: u32,
  heads: u32,
  segment_stride: u32,
  // Room of a head in `chosen`, list 0 and list 1; list 1 follows heads * capacity0.
  capacity0: u32,
  capacity1: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> keys: array<u32>;
@group(0) @binding(2) var<storage, read> budgets: array<u32>;     // [list][heads]
@group(0) @binding(3) var<storage, read> picks: array<vec2u>;     // [5][list][batch]
@group(0) @binding(4) var<storage, read> segments: array<vec2u>;  // [list][batch][segment_stride]
@group(0) @binding(5) var<storage, read_write> chosen: array<u32>; // [heads][capacity0], [heads][capacity1]
@group(0) @binding(6) var<storage, read_write> chosen_counts: array<u32>; // [list][heads]

// Dispatch: (segment, head, list).
@compute @workgroup_size(PREFIX_THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let entries = select(params.entries0, params.entries1, group.z == 1);
  if (group.x * SEGMENT >= entries) {
    return;
  }
  let list = group.z * params.batch + group.y;
  let head = params.head_base + group.y;
  let pick = picks[4 * 2 * params.batch + list];
  let threshold = pick.x;
  let ties = pick.y;

  // What lies in the segments before this one.
  var earlier = vec2u();
  for (var i = thread; i < group.x; i += PREFIX_THREADS) {
    earlier += segments[list * params.segment_stride + i];
  }
  let above_before = prefix_sum(earlier.x, thread).y;
  let equal_before = prefix_sum(earlier.y, thread).y;

  let base = select(group.y * params.stride0, params.base1 + group.y * params.stride1, group.z == 1);
  let begin = group.x * SEGMENT + thread * THREAD_ENTRIES;
  let end = min(entries, begin + THREAD_ENTRIES);
  var counts = 0u;
  for (var i = begin; i < end; i++) {
    let key = keys[base + i];
    counts += select(0u, 0x10000u, key > threshold) + select(0u, 1u, key == threshold);
  }
  let before = prefix_sum(counts, thread).x;
  var above = above_before + (before >> 16);
  var equal = equal_before + (before & 0xffff);
  let capacity = select(params.capacity0, params.capacity1, group.z == 1);
  let out = select(head * capacity, params.heads * params.capacity0 + head * capacity, group.z == 1);
  for (var i = begin; i < end; i++) {
    let key = keys[base + i];
    let place = above + min(equal, ties);
    if ((key > threshold || (key == threshold && equal < ties)) && place < capacity) {
      chosen[out + place] = i;
    }
    above += select(0u, 1u, key > threshold);
    equal += select(0u, 1u, key == threshold);
  }
  if (group.x == 0 && thread == 0) {
    let counter = group.z * params.heads + head;
    chosen_counts[counter] = min(min(entries, budgets[counter]), capacity);
  }
}
