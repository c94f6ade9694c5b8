// Budgets by mass, second part: the fewest entries of a list (whole bins) that leave at most `left_out` of the last
// queries' attention unlisted, within bounds; what is forced is counted in. FlexPrefill (arXiv 2502.20766, section 3.3)
// chooses by cumulative attention too, but sorts.
// Reference: app/reference/massBudget.ts, of the whole algorithm.
#import mass_rule

struct Params {
  batch: u32,
  head_base: u32,
  heads: u32,
  // Attention that may be left out, in rows: a share of the last queries' number.
  left_out0: f32,
  left_out1: f32,
  // Least and largest budget of each list.
  least0: u32,
  least1: u32,
  most0: u32,
  most1: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> bins: array<u32>;          // [list][batch][256], bin 0 the largest scores
@group(0) @binding(2) var<storage, read_write> budgets: array<u32>; // [list][heads]

// Dispatch: (head, list).
@compute @workgroup_size(PREFIX_THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let second = group.y == 1;
  let count = bins[(group.y * params.batch + group.x) * 256 + thread];
  let through = prefix_sum(count, thread).x + count;
  let budget = budget_of_bins(count, through, select(params.left_out0, params.left_out1, second), thread);
  if (thread == 0) {
    let least = select(params.least0, params.least1, second);
    let most = select(params.most0, params.most1, second);
    budgets[group.y * params.heads + params.head_base + group.x] = clamp(budget, least, most);
  }
}
