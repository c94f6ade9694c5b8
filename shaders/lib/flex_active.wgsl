// FlexPrefill: which key blocks a 64-row block computes, for flex_count and flex_index, whose bindings are read here:
//   masks [head][2][mask_words]            chosen columns, chosen diagonals
//   aware [head]                           1 if query-aware
//   map [head of batch][map_rows][blocks]  attention of means as bits, row blocks from map_first on
//   thresholds [head] vec2u                smallest bits of an active entry of the map

var<private> head: u32;
var<private> head_of_batch: u32;

// Word `at` of the chosen diagonals, which has bits [32 at, 32 at + 32).
fn diagonal_word(at: i32) -> u32 {
  if (at < 0 || u32(at) >= params.mask_words) {
    return 0u;
  }
  return masks[(head * 2 + 1) * params.mask_words + u32(at)];
}

// Bits [first, first + 32) of the chosen diagonals.
fn diagonal_bits(first: i32) -> u32 {
  let word = first >> 5u;
  let shift = u32(first & 31);
  let low = diagonal_word(word) >> shift;
  if (shift == 0) {
    return low;
  }
  return low | (diagonal_word(word + 1) << (32 - shift));
}

// Entries of the map above the threshold, key blocks [32 at, 32 at + 32) of row block `row`.
fn query_aware_word(row: u32, at: u32) -> u32 {
  if (aware[head] == 0) {
    return 0u;
  }
  let base = (head_of_batch * params.map_rows + row - params.map_first) * params.blocks;
  let smallest = thresholds[head].x;
  var bits = 0u;
  for (var key = at * 32; key < min(at * 32 + 32, row + 1); key++) {
    bits |= select(0u, 1u << (key - at * 32), map[base + key] >= smallest);
  }
  return bits;
}

// Active key blocks [32 at, 32 at + 32) of row block `row`.
fn active_word(row: u32, at: u32) -> u32 {
  let first = at * 32;
  if (first > row) {
    return 0u;
  }
  // Key block c lies on diagonal row - c.
  let diagonals = reverseBits(diagonal_bits(i32(row) - i32(first) - 31));
  let bits = diagonals | masks[head * 2 * params.mask_words + at] | query_aware_word(row, at);
  return bits & (0xffffffffu >> (31 - min(row - first, 31u)));
}

// The same for rows at the positions [position, end), which lie in one row block, or in two where they are not aligned.
fn active_of_rows(position: u32, end: u32, at: u32) -> u32 {
  let row = position / params.block;
  let last = (end - 1) / params.block;
  var bits = active_word(last, at);
  if (row != last) {
    bits |= active_word(row, at);
  }
  return bits;
}
