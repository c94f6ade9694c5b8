// Top-k, second part: with the k-th largest key known, how many keys of each segment lie above it and how many equal it.
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
  // Distance of heads in `segments`.
  segment_stride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> keys: array<u32>;
@group(0) @binding(2) var<storage, read> histogram: array<u32>;      // [4][list][batch][256]
@group(0) @binding(3) var<storage, read_write> picks: array<vec2u>;    // [5][list][batch]
@group(0) @binding(4) var<storage, read_write> segments: array<vec2u>; // [list][batch][segment_stride]: above, equal

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
  let lists = 2 * params.batch;
  let state = picks[3 * lists + list];
  let found = pick_digit(histogram[(3 * lists + list) * 256 + 255 - thread], state.y, thread);
  // With nothing wanted no digit was found; no key lies above the largest u32.
  let threshold = select(0xffffffffu, state.x | found.x, state.y > 0);
  if (group.x == 0 && thread == 0) {
    picks[4 * lists + list] = vec2u(threshold, found.y);
  }

  let base = select(group.y * params.stride0, params.base1 + group.y * params.stride1, group.z == 1);
  let end = min(entries, (group.x + 1) * SEGMENT);
  var counts = 0u;
  for (var i = group.x * SEGMENT + thread; i < end; i += PREFIX_THREADS) {
    let key = keys[base + i];
    counts += select(0u, 0x10000u, key > threshold) + select(0u, 1u, key == threshold);
  }
  // Both counts are at most 4096, so one sum carries them.
  let total = prefix_sum(counts, thread).y;
  if (thread == 0) {
    segments[list * params.segment_stride + group.x] = vec2u(total >> 16, total & 0xffff);
  }
}
