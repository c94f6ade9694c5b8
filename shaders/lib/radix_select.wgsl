// One step of a top-k by radix: which digit the k-th largest key has, from the counts of the 256 digits.
#import prefix_sum

// A workgroup's share of a list: 16 consecutive entries a thread.
const SEGMENT: u32 = 4096;
const THREAD_ENTRIES: u32 = 16;

var<workgroup> sh_pick: vec2u;

// Thread t brings the count of digit 255 - t and learns (digit, how many are still wanted among it).
fn pick_digit(count: u32, wanted: u32, thread: u32) -> vec2u {
  let above = prefix_sum(count, thread).x;
  if (above < wanted && above + count >= wanted) {
    sh_pick = vec2u(255 - thread, wanted - above);
  }
  workgroupBarrier();
  return sh_pick;
}
