// Top-k without a sort: most significant digit first radix selection over u32 keys, eight bits a pass. Pass p counts the
// digits of the keys that agree with the k-th largest in the digits before; what those are follows from pass p - 1.
// Two lists (columns and diagonals) of every head in one dispatch.
// Reference: app/reference/selectTop.ts, of the whole algorithm.
#import radix_select

struct Params {
  // Entries of list 0 and 1, distance of their heads in `keys`, and where list 1 starts.
  entries0: u32,
  entries1: u32,
  stride0: u32,
  stride1: u32,
  base1: u32,
  // Heads in this batch, the first of them, and all heads (the stride of budgets).
  batch: u32,
  head_base: u32,
  heads: u32,
  digit: u32, // 0 is the most significant
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> keys: array<u32>;
@group(0) @binding(2) var<storage, read> budgets: array<u32>; // [list][heads]: k
// [digit][list][batch][256], zeroed before
@group(0) @binding(3) var<storage, read_write> histogram: array<atomic<u32>>;
// After each digit: the k-th largest key's digits so far, how many are wanted among them. [5][list][batch]
@group(0) @binding(4) var<storage, read_write> picks: array<vec2u>;

var<workgroup> sh_counts: array<atomic<u32>, 256>;

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
  var pick = vec2u(0, min(entries, budgets[group.z * params.heads + params.head_base + group.y]));
  if (params.digit > 0) {
    let before = params.digit - 1;
    let state = picks[before * lists + list];
    let count = atomicLoad(&histogram[(before * lists + list) * 256 + 255 - thread]);
    let found = pick_digit(count, state.y, thread);
    pick = vec2u(state.x | (found.x << (24 - 8 * before)), found.y);
  }
  if (group.x == 0 && thread == 0) {
    picks[params.digit * lists + list] = pick;
  }

  let base = select(group.y * params.stride0, params.base1 + group.y * params.stride1, group.z == 1);
  let shift = 24 - 8 * params.digit;
  let above = ~((2u << (shift + 7)) - 1); // bits of the digits before; none for digit 0
  let end = min(entries, (group.x + 1) * SEGMENT);
  for (var i = group.x * SEGMENT + thread; i < end; i += PREFIX_THREADS) {
    let key = keys[base + i];
    if ((key & above) == pick.x) {
      atomicAdd(&sh_counts[(key >> shift) & 255], 1u);
    }
  }
  workgroupBarrier();
  let count = atomicLoad(&sh_counts[thread]);
  if (count > 0) {
    atomicAdd(&histogram[(params.digit * lists + list) * 256 + thread], count);
  }
}
