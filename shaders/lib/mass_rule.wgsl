// The budget of a list by mass: the fewest entries (whole bins) that leave at most `left_out` unlisted. What is forced is
// counted in.
#import prefix_sum
#import mass_bins

var<workgroup> sh_mass: array<array<f32, PREFIX_THREADS>, 2>;
var<workgroup> sh_budget: atomic<u32>;

// Thread t brings the count of bin t, and that of all bins up to it. Uniform control flow only, and once in a kernel.
fn budget_of_bins(count: u32, through: u32, left_out: f32, thread: u32) -> u32 {
  // Mass of the bins after this one, summed from the smallest scores up.
  var mass = f32(count) * mass_of(thread);
  var side = 0u;
  for (var stride = 1u; stride < PREFIX_THREADS; stride *= 2) {
    sh_mass[side][thread] = mass;
    workgroupBarrier();
    mass += select(0.0, sh_mass[side][min(thread + stride, PREFIX_THREADS - 1)], thread + stride < PREFIX_THREADS);
    side = 1 - side;
  }
  sh_mass[side][thread] = mass;
  if (thread == 0) {
    atomicStore(&sh_budget, 0xffffffffu);
  }
  workgroupBarrier();
  let after = select(0.0, sh_mass[side][min(thread + 1, PREFIX_THREADS - 1)], thread + 1 < PREFIX_THREADS);

  // Counts never shrink from bin to bin, so the least count that suffices belongs to the first bin that does.
  if (after <= left_out) {
    atomicMin(&sh_budget, through);
  }
  workgroupBarrier();
  return atomicLoad(&sh_budget);
}
