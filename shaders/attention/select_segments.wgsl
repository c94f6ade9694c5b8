// Top-k and budgets by mass, second part: the chosen entries of each segment, ascending. From the bins of all segments a
// workgroup finds the budget, the bin that holds the last entry chosen, and what lies in the segments before. A budget of
// whole bins, the usual one by mass, needs no more; one that ends within a bin reads the list again, by digits of 11, 11 and
// 10 bits. Of equal keys those with the lowest index are chosen, as torch.topk does on CUDA.
// Reference: app/reference/selectTop.ts, and app/reference/massBudget.ts of the budgets.
#import radix_select
#import mass_rule

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
  // 0: budgets are read. 1: they follow from the mass that may be left out, and are at least these.
  by_mass: u32,
  left_out0: f32,
  left_out1: f32,
  least0: u32,
  least1: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> keys: array<u32>;
@group(0) @binding(2) var<storage, read> bins: array<u32>;         // [list][batch][segment_stride][256]
@group(0) @binding(3) var<storage, read> budgets: array<u32>;      // [list][heads], unread by mass
@group(0) @binding(4) var<storage, read_write> chosen: array<u32>; // [heads][capacity0], [heads][capacity1]
@group(0) @binding(5) var<storage, read_write> chosen_counts: array<u32>; // [list][heads]

const BUCKETS: u32 = 2048;
const OWN: u32 = BUCKETS / PREFIX_THREADS; // buckets of a thread
const WORDS: u32 = SEGMENT / 32;
// Loads in flight: one at a time would wait for memory most of the time.
const AHEAD: u32 = 16;

// Counts of a digit; then bits of the segment's entries above the threshold, and of those that equal it.
var<workgroup> sh_counts: array<atomic<u32>, BUCKETS>;
// A bin or bucket, how many are wanted of it, how many it has, and how many of bins up to it lie in earlier segments.
var<workgroup> sh_found: vec4u;
// Budget, and how many keys are not zero.
var<workgroup> sh_plan: vec2u;

// Counts digits of the keys in [low, high] with key >> above == prefix; a shift by 32 is none at all.
fn count_digit(base: u32, entries: u32, within: vec2u, above: u32, prefix: u32, shift: u32, thread: u32) {
  for (var i = thread; i < BUCKETS; i += PREFIX_THREADS) {
    atomicStore(&sh_counts[i], 0u);
  }
  workgroupBarrier();
  for (var first = 0u; first < entries; first += AHEAD * PREFIX_THREADS) {
    var got = array<u32, AHEAD>();
    for (var i = 0u; i < AHEAD; i++) {
      got[i] = keys[base + min(first + i * PREFIX_THREADS + thread, entries - 1)];
    }
    for (var i = 0u; i < AHEAD; i++) {
      let key = got[i];
      let live = first + i * PREFIX_THREADS + thread < entries && key >= within.x && key <= within.y;
      if (live && (above == 32 || key >> (above % 32) == prefix)) {
        atomicAdd(&sh_counts[(key >> shift) % BUCKETS], 1u);
      }
    }
  }
  workgroupBarrier();
}

// Finds the bucket of the `wanted`-th largest of what was counted. Uniform control flow only.
fn find_bucket(wanted: u32, thread: u32) -> vec4u {
  let top = BUCKETS - 1 - thread * OWN;
  var own = 0u;
  for (var i = 0u; i < OWN; i++) {
    own += atomicLoad(&sh_counts[top - i]);
  }
  var above = prefix_sum(own, thread).x;
  for (var i = 0u; i < OWN; i++) {
    let count = atomicLoad(&sh_counts[top - i]);
    if (above < wanted && above + count >= wanted) {
      sh_found = vec4u(top - i, wanted - above, count, 0);
    }
    above += count;
  }
  return workgroupUniformLoad(&sh_found);
}

// How many keys of the first `end` lie above the threshold, and how many equal it. Uniform control flow only.
fn count_before(base: u32, end: u32, threshold: u32, thread: u32) -> vec2u {
  var above = 0u;
  var equal = 0u;
  for (var first = 0u; first < end; first += AHEAD * PREFIX_THREADS) {
    var got = array<u32, AHEAD>();
    for (var i = 0u; i < AHEAD; i++) {
      got[i] = keys[base + min(first + i * PREFIX_THREADS + thread, end - 1)];
    }
    for (var i = 0u; i < AHEAD; i++) {
      let live = first + i * PREFIX_THREADS + thread < end;
      above += select(0u, 1u, live && got[i] > threshold);
      equal += select(0u, 1u, live && got[i] == threshold);
    }
  }
  return vec2u(prefix_sum(above, thread).y, prefix_sum(equal, thread).y);
}

// Dispatch: (segment, head, list).
@compute @workgroup_size(PREFIX_THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let second = group.z == 1;
  let entries = select(params.entries0, params.entries1, second);
  let segment_first = group.x * SEGMENT;
  if (segment_first >= entries) {
    return;
  }
  let head = params.head_base + group.y;
  let counter = group.z * params.heads + head;
  let capacity = select(params.capacity0, params.capacity1, second);
  let base = select(group.y * params.stride0, params.base1 + group.y * params.stride1, second);

  // Loads that wait for nothing.
  var own_keys = array<u32, THREAD_ENTRIES>();
  for (var i = 0u; i < THREAD_ENTRIES; i++) {
    own_keys[i] = keys[base + min(segment_first + i * PREFIX_THREADS + thread, entries - 1)];
  }

  // Of bin `thread`: entries of the list, and of the segments before.
  let segments = (entries + SEGMENT - 1) / SEGMENT;
  let bins_base = (group.z * params.batch + group.y) * params.segment_stride * 256 + thread;
  var count = 0u;
  var earlier = 0u;
  for (var first = 0u; first < segments; first += AHEAD) {
    var got = array<u32, AHEAD>();
    for (var i = 0u; i < AHEAD; i++) {
      got[i] = bins[bins_base + min(first + i, segments - 1) * 256];
    }
    for (var i = 0u; i < AHEAD; i++) {
      count += select(0u, got[i], first + i < segments);
      earlier += select(0u, got[i], first + i < group.x);
    }
  }

  let sums = prefix_sums(vec2u(count, earlier), thread);
  var found = 0u;
  if (params.by_mass == 1) {
    let left_out = select(params.left_out0, params.left_out1, second);
    let least = select(params.least0, params.least1, second);
    found = clamp(budget_of_bins(count, sums.x + count, left_out, thread), least, capacity);
  } else {
    found = budgets[counter];
  }
  if (thread == 0) {
    sh_plan = vec2u(min(found, entries), sums.z);
  }
  let plan = workgroupUniformLoad(&sh_plan);
  let budget = plan.x;
  let positive = plan.y;
  if (sums.x < budget && sums.x + count >= budget) {
    sh_found = vec4u(thread, budget - sums.x, count, sums.y + earlier);
  }
  let last = workgroupUniformLoad(&sh_found);

  // Keys above `threshold` are chosen, and the first `ties` that equal it. With nothing wanted none lies above. Zeros are in
  // no bin: if they are wanted, the threshold is zero.
  var threshold = 0xffffffffu;
  var ties = 0u;
  var before = vec2u(); // above and equal, of the segments before
  if (budget > positive) {
    threshold = 0;
    ties = budget - positive;
    before = vec2u(sums.w, segment_first - sums.w);
  } else if (budget > 0) {
    let within = bin_keys(last.x);
    if (last.y == last.z) {
      threshold = within.x - 1;
      before.x = last.w;
    } else {
      // Bins but the outermost are a bucket each.
      var high = vec4u(within.x >> 21, last.yzw);
      if (last.x == 1 || last.x == 255) {
        count_digit(base, entries, within, 32, 0, 21, thread);
        high = find_bucket(last.y, thread);
      }
      count_digit(base, entries, within, 21, high.x, 10, thread);
      let middle = find_bucket(high.y, thread);
      let prefix = (high.x << 11) | middle.x;
      count_digit(base, entries, within, 10, prefix, 0, thread);
      let low = find_bucket(middle.y, thread);
      threshold = (prefix << 10) | (low.x % 1024);
      ties = low.y;
      before = count_before(base, segment_first, threshold, thread);
    }
  }

  // Bits of what is chosen, set in the order in which memory is read, then listed in ascending order.
  for (var i = thread; i < 2 * WORDS; i += PREFIX_THREADS) {
    atomicStore(&sh_counts[i], 0u);
  }
  workgroupBarrier();
  for (var i = 0u; i < THREAD_ENTRIES; i++) {
    let at = i * PREFIX_THREADS + thread;
    let equals = own_keys[i] == threshold && ties > 0;
    if (segment_first + at < entries && (own_keys[i] > threshold || equals)) {
      atomicOr(&sh_counts[(at / 32) % WORDS + select(0u, WORDS, equals)], 1u << (at % 32));
    }
  }
  workgroupBarrier();
  // Half a word a thread.
  let shift = (thread % 2) * 16;
  let above_bits = (atomicLoad(&sh_counts[thread / 2]) >> shift) & 0xffff;
  let equal_bits = (atomicLoad(&sh_counts[WORDS + thread / 2]) >> shift) & 0xffff;
  // At most 4096 of a segment, so that one sum carries both.
  let own = prefix_sum((countOneBits(above_bits) << 16) + countOneBits(equal_bits), thread).x;
  var above = before.x + (own >> 16);
  var equal = before.y + (own & 0xffff);
  let out = select(head * capacity, params.heads * params.capacity0 + head * capacity, second);
  var bits = above_bits | equal_bits;
  while (bits != 0) {
    let bit = firstTrailingBit(bits);
    bits &= bits - 1;
    let equals = (equal_bits >> bit) & 1;
    let place = above + min(equal, ties);
    if ((equals == 0 || equal < ties) && place < capacity) {
      chosen[out + place] = segment_first + thread * 16 + bit;
    }
    above += 1 - equals;
    equal += equals;
  }
  if (group.x == 0 && thread == 0) {
    chosen_counts[counter] = min(budget, capacity);
  }
}
