// Sums over the 256 threads of a workgroup (Hillis and Steele 1986). Uniform control flow only.
const PREFIX_THREADS: u32 = 256;

var<workgroup> sh_prefix: array<u32, PREFIX_THREADS>;
var<workgroup> sh_tree: array<f32, PREFIX_THREADS>;

// (sum over the threads before, sum over all)
fn prefix_sum(value: u32, thread: u32) -> vec2u {
  var sum = value;
  sh_prefix[thread] = sum;
  workgroupBarrier();
  for (var stride = 1u; stride < PREFIX_THREADS; stride *= 2) {
    let other = select(0u, sh_prefix[max(thread, stride) - stride], thread >= stride);
    workgroupBarrier();
    sum += other;
    sh_prefix[thread] = sum;
    workgroupBarrier();
  }
  let total = sh_prefix[PREFIX_THREADS - 1];
  workgroupBarrier();
  return vec2u(sum - value, total);
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
