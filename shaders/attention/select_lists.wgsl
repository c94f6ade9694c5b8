// Budgets by mass and top-k of whole lists in one dispatch, a workgroup each: what mass_histogram, mass_budget and the
// parts of the selection do with many workgroups, for lists so short that eight dispatches would be most of the time.
// Digits of the radix are 11, 11 and 10 bits; the first one's counts are also the bins of the mass.
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
@group(0) @binding(2) var<storage, read> budgets: array<u32>;      // [list][heads], unread by mass
@group(0) @binding(3) var<storage, read_write> chosen: array<u32>; // [heads][capacity0], [heads][capacity1]
@group(0) @binding(4) var<storage, read_write> chosen_counts: array<u32>; // [list][heads]

const BUCKETS: u32 = 2048;
const OWN: u32 = BUCKETS / PREFIX_THREADS; // buckets of a thread
// Entries whose bits fit where the counts were, one for chosen and one for equal.
const WORDS: u32 = BUCKETS / 2;
const OWN_WORDS: u32 = WORDS / PREFIX_THREADS;
const BLOCK: u32 = WORDS * 32;
const FORCED_BUCKET: u32 = 0x7f800000 >> 21;
// Loads in flight: one at a time would wait for memory most of the time.
const AHEAD: u32 = 8;

var<workgroup> sh_counts: array<atomic<u32>, BUCKETS>;
// Bucket of the k-th largest key, how many are wanted of it, and how many it has.
var<workgroup> sh_found: vec3u;
// Budget, and how many keys are not zero.
var<workgroup> sh_plan: vec2u;

// Counts (key >> shift) & (BUCKETS - 1) of the keys with key >> above == prefix, but not of zeros.
fn count_digit(base: u32, entries: u32, above: u32, prefix: u32, shift: u32, thread: u32) {
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
      let live = first + i * PREFIX_THREADS + thread < entries;
      // A shift by 32 is none at all.
      if (live && got[i] != 0 && (above == 32 || got[i] >> (above % 32) == prefix)) {
        atomicAdd(&sh_counts[(got[i] >> shift) % BUCKETS], 1u);
      }
    }
  }
  workgroupBarrier();
}

// Finds the bucket of the `wanted`-th largest of what was counted. Uniform control flow only.
fn find_bucket(wanted: u32, thread: u32) -> vec3u {
  let top = BUCKETS - 1 - thread * OWN;
  var own = 0u;
  for (var i = 0u; i < OWN; i++) {
    own += atomicLoad(&sh_counts[top - i]);
  }
  if (thread == 0) {
    sh_found = vec3u();
  }
  var above = prefix_sum(own, thread).x;
  for (var i = 0u; i < OWN; i++) {
    let count = atomicLoad(&sh_counts[top - i]);
    if (above < wanted && above + count >= wanted) {
      sh_found = vec3u(top - i, wanted - above, count);
    }
    above += count;
  }
  return workgroupUniformLoad(&sh_found);
}

// Sum of the counts of buckets [first, end), for all threads. Uniform control flow only.
fn count_between(first: u32, end: u32, thread: u32) -> u32 {
  var sum = 0u;
  for (var i = first + thread; i < end; i += PREFIX_THREADS) {
    sum += atomicLoad(&sh_counts[i]);
  }
  return prefix_sum(sum, thread).y;
}

// Dispatch: (head, list).
@compute @workgroup_size(PREFIX_THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let second = group.y == 1;
  let head = params.head_base + group.x;
  let counter = group.y * params.heads + head;
  let entries = select(params.entries0, params.entries1, second);
  let capacity = select(params.capacity0, params.capacity1, second);
  let base = select(group.x * params.stride0, params.base1 + group.x * params.stride1, second);

  count_digit(base, entries, 32, 0, 21, thread);
  // Bin 1 takes all that is larger than its top, bin 255 all that is smaller than its bottom.
  let largest = count_between(MASS_TOP - 1, FORCED_BUCKET, thread);
  let smallest = count_between(0, MASS_TOP - 254, thread);
  let not_zero = count_between(0, BUCKETS, thread);
  var found = 0u;
  if (params.by_mass == 1) {
    var count = atomicLoad(&sh_counts[MASS_TOP - thread]);
    count = select(count, largest, thread == 1);
    count = select(count, smallest, thread == 255);
    count = select(count, atomicLoad(&sh_counts[FORCED_BUCKET]), thread == 0);
    let left_out = select(params.left_out0, params.left_out1, second);
    let least = select(params.least0, params.least1, second);
    let through = prefix_sum(count, thread).x + count;
    found = clamp(budget_of_bins(count, through, left_out, thread), least, capacity);
  } else {
    found = budgets[counter];
  }
  if (thread == 0) {
    sh_plan = vec2u(min(found, entries), not_zero);
  }
  let plan = workgroupUniformLoad(&sh_plan);
  let budget = plan.x;
  let positive = plan.y;

  // Keys above `threshold` are chosen, and the first `ties` that equal it. With nothing wanted none lies above. Zeros were
  // not counted: if they are wanted, the threshold is zero.
  var threshold = 0xffffffffu;
  var ties = 0u;
  if (budget > positive) {
    threshold = 0;
    ties = budget - positive;
  } else if (budget > 0) {
    let first = find_bucket(budget, thread);
    if (first.y == first.z && first.x > 0) {
      // All of the bucket: the usual case of a budget by mass.
      threshold = (first.x << 21) - 1;
    } else {
      count_digit(base, entries, 21, first.x, 10, thread);
      let middle = find_bucket(first.y, thread);
      let prefix = (first.x << 11) | middle.x;
      count_digit(base, entries, 10, prefix, 0, thread);
      let last = find_bucket(middle.y, thread);
      threshold = (prefix << 10) | (last.x % 1024);
      ties = last.y;
    }
  }

  // Bits of what is chosen, set in the order in which memory is read, then listed in ascending order.
  let out = select(head * capacity, params.heads * params.capacity0 + head * capacity, second);
  var above = 0u;
  var equal = 0u;
  for (var block = 0u; block < entries; block += BLOCK) {
    for (var i = thread; i < BUCKETS; i += PREFIX_THREADS) {
      atomicStore(&sh_counts[i], 0u);
    }
    workgroupBarrier();
    let end = min(entries, block + BLOCK);
    for (var first = block; first < end; first += AHEAD * PREFIX_THREADS) {
      var got = array<u32, AHEAD>();
      for (var i = 0u; i < AHEAD; i++) {
        got[i] = keys[base + min(first + i * PREFIX_THREADS + thread, end - 1)];
      }
      for (var i = 0u; i < AHEAD; i++) {
        let at = first + i * PREFIX_THREADS + thread;
        let equals = got[i] == threshold && ties > 0;
        if (at < end && (got[i] > threshold || equals)) {
          let word = ((at - block) / 32) % WORDS + select(0u, WORDS, equals);
          atomicOr(&sh_counts[word], 1u << (at % 32));
        }
      }
    }
    workgroupBarrier();
    var own = array<vec2u, OWN_WORDS>();
    var found_own = 0u;
    for (var i = 0u; i < OWN_WORDS; i++) {
      let word = (thread * OWN_WORDS + i) % WORDS;
      own[i] = vec2u(atomicLoad(&sh_counts[word]), atomicLoad(&sh_counts[WORDS + word]));
      found_own += (countOneBits(own[i].x) << 16) + countOneBits(own[i].y);
    }
    // At most 2^15 of a block, so that one sum carries both.
    let sums = prefix_sum(found_own, thread);
    var above_at = above + (sums.x >> 16);
    var equal_at = equal + (sums.x & 0xffff);
    for (var i = 0u; i < OWN_WORDS; i++) {
      var bits = own[i].x | own[i].y;
      while (bits != 0) {
        let bit = firstTrailingBit(bits);
        bits &= bits - 1;
        let equals = (own[i].y >> bit) & 1;
        let place = above_at + min(equal_at, ties);
        if ((equals == 0 || equal_at < ties) && place < capacity) {
          chosen[out + place] = block + (thread * OWN_WORDS + i) * 32 + bit;
        }
        above_at += 1 - equals;
        equal_at += equals;
      }
    }
    above += sums.y >> 16;
    equal += sums.y & 0xffff;
  }
  if (thread == 0) {
    chosen_counts[counter] = min(budget, capacity);
  }
}
