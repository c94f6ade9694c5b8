// Top-k and budgets by mass of lists of some ten thousand entries in two dispatches, first part: how many scores of each
// segment lie in each of 256 logarithmic bins. No atomics on memory, so that nothing is zeroed before; select_segments adds
// the segments up, and knows from those before its own where its entries begin.
// Reference: app/reference/massBudget.ts, of the bins.
#import radix_select
#import mass_bins

struct Params {
  // Entries of list 0 and 1, distance of their heads in `keys`, and where list 1 starts.
  entries0: u32,
  entries1: u32,
  stride0: u32,
  stride1: u32,
  base1: u32,
  batch: u32,
  head_base: u32,
  heads: u32,
  // Distance of heads in `bins`.
  segment_stride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> keys: array<u32>;       // bits of f32 scores that are not negative
@group(0) @binding(2) var<storage, read_write> bins: array<u32>; // [list][batch][segment_stride][256], bin 0 the largest

var<workgroup> sh_bins: array<atomic<u32>, 256>;

// Dispatch: (segment, head, list).
@compute @workgroup_size(PREFIX_THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let entries = select(params.entries0, params.entries1, group.z == 1);
  let first = group.x * SEGMENT;
  if (first >= entries) {
    return;
  }
  let base = select(group.y * params.stride0, params.base1 + group.y * params.stride1, group.z == 1);
  // All loads are in flight before the first is counted.
  var got = array<u32, THREAD_ENTRIES>();
  for (var i = 0u; i < THREAD_ENTRIES; i++) {
    got[i] = keys[base + min(first + i * PREFIX_THREADS + thread, entries - 1)];
  }
  for (var i = 0u; i < THREAD_ENTRIES; i++) {
    if (got[i] != 0 && first + i * PREFIX_THREADS + thread < entries) {
      atomicAdd(&sh_bins[mass_bin(got[i])], 1u);
    }
  }
  workgroupBarrier();
  let list = group.z * params.batch + group.y;
  bins[(list * params.segment_stride + group.x) * 256 + thread] = atomicLoad(&sh_bins[thread]);
}
