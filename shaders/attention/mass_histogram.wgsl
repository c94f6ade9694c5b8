// Budgets by mass, first part: how many scores of a list lie in each of 256 logarithmic bins. A bin is a quarter of an
// octave, so that count times the bin's middle is its mass to about a tenth, the same in every run.
// Reference: app/reference/massBudget.ts, of the whole algorithm.
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
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> keys: array<u32>; // bits of f32 scores that are not negative
// Zeroed before. [list][batch][256], bin 0 the largest scores
@group(0) @binding(2) var<storage, read_write> bins: array<atomic<u32>>;

var<workgroup> sh_bins: array<atomic<u32>, 256>;

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
  let base = select(group.y * params.stride0, params.base1 + group.y * params.stride1, group.z == 1);
  let end = min(entries, (group.x + 1) * SEGMENT);
  for (var i = group.x * SEGMENT + thread; i < end; i += PREFIX_THREADS) {
    let key = keys[base + i];
    if (key != 0) {
      atomicAdd(&sh_bins[mass_bin(key)], 1u);
    }
  }
  workgroupBarrier();
  let count = atomicLoad(&sh_bins[thread]);
  if (count > 0) {
    atomicAdd(&bins[(group.z * params.batch + group.y) * 256 + thread], count);
  }
}
