// Sums over the 256 threads of a workgroup (Hillis and Steele 1986). Uniform control flow only.
const PREFIX_THREADS: u32 = 256;

// Steps take turns with two sides, so that each needs one barrier.
var<workgroup> sh_prefix: array<array<u32, PREFIX_THREADS>, 2>;
var<workgroup> sh_prefixes: array<array<vec2u, PREFIX_THREADS>, 2>;
var<workgroup> sh_tree: array<f32, PREFIX_THREADS>;

// (sum over the threads before, sum over all)
fn prefix_sum(value: u32, thread: u32) -> vec2u {
  var sum = value;
  var side = 0u;
  for (var stride = 1u; stride < PREFIX_THREADS; stride *= 2) {
    sh_prefix[side][thread] = sum;
    workgroupBarrier();
    sum += select(0u, sh_prefix[side][max(thread, stride) - stride], thread >= stride);
    side = 1 - side;
  }
  sh_prefix[side][thread] = sum;
  workgroupBarrier();
  let total = sh_prefix[side][PREFIX_THREADS - 1];
  workgroupBarrier();
  return vec2u(sum - value, total);
}

// Of two values at once: (sums over the threads before, sums over all).
fn prefix_sums(value: vec2u, thread: u32) -> vec4u {
  var sum = value;
  var side = 0u;
  for (var stride = 1u; stride < PREFIX_THREADS; stride *= 2) {
    sh_prefixes[side][thread] = sum;
    workgroupBarrier();
    sum += select(vec2u(), sh_prefixes[side][max(thread, stride) - stride], thread >= stride);
    side = 1 - side;
  }
  sh_prefixes[side][thread] = sum;
  workgroupBarrier();
  let total = sh_prefixes[side][PREFIX_THREADS - 1];
  workgroupBarrier();
  return vec4u(sum - value, total);
}

// Sum over all threads, in an order that is the same in every run.
fn tree_sum(value: f32, thread: u32) -> f32 {
  sh_tree[thread] = value;
  workgroupBarrier();
  for (var stride = PREFIX_THREADS / 2; stride > 0; stride /= 2) {
    if (thread < stride) {
      sh_tree[thread] += sh_tree[thread + stride];
    }
    workgroupBarrier();
  }
  let sum = sh_tree[0];
  workgroupBarrier();
  return sum;
}

// Largest over all threads.
fn tree_max(value: f32, thread: u32) -> f32 {
  sh_tree[thread] = value;
  workgroupBarrier();
  for (var stride = PREFIX_THREADS / 2; stride > 0; stride /= 2) {
    if (thread < stride) {
      sh_tree[thread] = max(sh_tree[thread], sh_tree[thread + stride]);
    }
    workgroupBarrier();
  }
  let largest = sh_tree[0];
  workgroupBarrier();
  return largest;
}
